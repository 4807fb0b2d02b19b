// Puts a backup in the place of a site's database, while no daemon runs.
// Must never lose the present database: it is set aside, with what its allocations wrote.
import {
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { join } from 'node:path'
import { fault } from '../../../protocol/faults.ts'
import { siteLayout } from '../../../protocol/site-files.ts'
import { reason } from '../../sdk/site.ts'

/** Every SQLite database begins so. */
const magic = 'SQLite format 3\0'
/** The journals of the present database belong to it alone; beside another one they destroy it. */
const companions = ['-wal', '-shm', '-journal']

/** Throws RESTORE_REFUSED for a file that can't be a backup. Its content the daemon checks. */
export function checkBackupFile(file: string): void {
  let start = ''
  try {
    const descriptor = openSync(file, 'r')
    const bytes = Buffer.alloc(magic.length)
    readSync(descriptor, bytes, 0, bytes.length, 0)
    closeSync(descriptor)
    start = bytes.toString('latin1')
  } catch (error) {
    throw fault('RESTORE_REFUSED', { file, what: reason(error) })
  }
  if (start !== magic) throw fault('RESTORE_REFUSED', { file, what: 'it is no SQLite database' })
}

/** Replaces the database; returns where the former one is now. `stamp` makes its name new. */
export function putBack(site: string, source: string, stamp: string): string {
  const database = join(site, siteLayout.database)
  const incoming = `${database}.incoming`
  const aside = `${database}.before-restore-${stamp}`
  try {
    copyFileSync(source, incoming)
    const descriptor = openSync(incoming, 'r+')
    fsyncSync(descriptor)
    closeSync(descriptor)
  } catch (error) {
    rmSync(incoming, { force: true })
    throw fault('RESTORE_REFUSED', { file: source, what: reason(error) })
  }
  // What tasks wrote after the backup was made is of another time: token by token it would be taken
  // for the end of attempts that the restored database has yet to make.
  const run = join(site, siteLayout.run)
  if (existsSync(run)) renameSync(run, `${run}.before-restore-${stamp}`)
  for (const ending of ['', ...companions]) {
    if (existsSync(database + ending)) renameSync(database + ending, aside + ending)
  }
  renameSync(incoming, database)
  return aside
}
