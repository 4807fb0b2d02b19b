// Tries, before a database is trusted to a directory, what the database needs of it: writing,
// fsync, and on file systems that are not known to be local, locks that another process sees.
// Must never leave its files behind.
import { spawnSync } from 'node:child_process'
import { closeSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fault } from '../../../protocol/faults.ts'
import type { Clock } from '../../../protocol/ports.ts'

/** Syncs measured; the slowest counts. */
const syncs = 3
/** The other process needs some 50 ms; a file system that hangs must not hang the start. */
const lockTestMsMax = 10_000

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/**
 * Writes and syncs a file; returns the slowest sync in ms (0 without a clock).
 * SITE_NOT_WRITABLE when no file can be made, STORAGE_PROBE_FAILED when syncing fails.
 */
export function probeSync(directory: string, clock: Pick<Clock, 'monotonicMs'> | null): number {
  const file = join(directory, `.probe-${process.pid}`)
  let handle: number
  try {
    handle = openSync(file, 'w', 0o600)
  } catch (error) {
    throw fault('SITE_NOT_WRITABLE', { path: directory, what: wordsOf(error) })
  }
  try {
    let slowestMs = 0
    for (let sync = 0; sync < syncs; sync += 1) {
      const before = clock?.monotonicMs() ?? 0
      writeSync(handle, Buffer.alloc(4_096, sync))
      fsyncSync(handle)
      slowestMs = Math.max(slowestMs, (clock?.monotonicMs() ?? 0) - before)
    }
    return slowestMs
  } catch (error) {
    throw fault('STORAGE_PROBE_FAILED', { path: directory, what: wordsOf(error) })
  } finally {
    closeSync(handle)
    rmSync(file, { force: true })
  }
}

// Exit code 3: the lock was seen, as it must be. 0: it was taken twice.
const otherProcess = `
const { DatabaseSync } = require('node:sqlite')
try {
  const database = new DatabaseSync(process.argv[1])
  database.exec('BEGIN EXCLUSIVE')
} catch (error) {
  process.exit(error.errcode === 5 ? 3 : 4)
}`

/** STORAGE_PROBE_FAILED unless a lock taken here keeps another process out. */
export function probeLock(directory: string): void {
  const file = join(directory, `.probe-lock-${process.pid}`)
  const database = new DatabaseSync(file)
  try {
    database.exec('BEGIN EXCLUSIVE')
    const { status, error } = spawnSync(process.execPath, ['-e', otherProcess, file], {
      timeout: lockTestMsMax,
      env: { NODE_NO_WARNINGS: '1' },
    })
    if (status === 3) return
    const said = error === undefined ? `exit ${status}` : error.message
    const what =
      status === 0
        ? 'its locks do not hold between processes'
        : `its locks could not be tested (${said})`
    throw fault('STORAGE_PROBE_FAILED', { path: directory, what })
  } catch (error) {
    if (error instanceof Error && 'errcode' in error) {
      throw fault('STORAGE_PROBE_FAILED', { path: directory, what: `no locks: ${error.message}` })
    }
    throw error
  } finally {
    database.close()
    for (const end of ['', '-journal']) rmSync(`${file}${end}`, { force: true })
  }
}
