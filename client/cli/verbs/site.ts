// balsam site backup|restore: a copy of the running site's database, and putting one back.
import { existsSync, mkdirSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { fault } from '../../../protocol/faults.ts'
import { siteLayout } from '../../../protocol/site-files.ts'
import { userPath } from '../../sdk/find-site.ts'
import { lookForDaemon } from '../../sdk/reach.ts'
import { startDaemonOf, stopDaemonOf } from '../daemon-life.ts'
import { checkBackupFile, putBack } from '../files/restore.ts'
import { isGiven } from '../options.ts'
import { realClock } from '../ports/clock.ts'
import type { Context, Parsed, Verb } from '../verb.ts'

/** The verb. */
export const site: Verb = {
  declare(command) {
    command
      .argument('<action>', 'backup or restore')
      .argument('[file]', 'backup: default backup/ of the site; restore: what to put back')
      .option('-y, --yes', 'restore: replace the present database (it is set aside)')
  },
  async run(context, parsed) {
    const [action, file] = parsed.args
    if (action === 'backup') return await backUp(context, parsed, file)
    if (action === 'restore' && file !== undefined) return await restore(context, parsed, file)
    const what = action === 'restore' ? 'restore needs a file' : `site ${action ?? ''}?`
    throw fault('BAD_FLAG', { what, verb: 'site' })
  },
}

async function backUp(context: Context, parsed: Parsed, file: string | undefined): Promise<number> {
  const target = file === undefined ? defaultFile(context) : userPath(file, context.terminal.cwd)
  if (existsSync(target)) {
    throw fault('BAD_FIELD', { field: 'file', what: `${target} exists already` })
  }
  const made = await context.balsam().backup(target)
  if (isGiven(parsed, 'json')) {
    context.print(`${JSON.stringify({ schema: 'balsam.backup/1', ...made })}\n`)
  } else {
    context.print(`${made.file}\n`)
    context.say(`balsam: ${(made.bytes / (1024 * 1024)).toFixed(1)} MiB backed up`)
  }
  return 0
}

function defaultFile(context: Context): string {
  const directory = join(context.siteDirectory(), siteLayout.backup)
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  return join(directory, `balsam-${stamp()}.db`)
}

/** 20261122T181207Z: sorts by time, and no file system minds it. */
function stamp(): string {
  const iso = new Date(realClock.wallMs()).toISOString()
  return `${iso.slice(0, 19).replaceAll(/[-:]/g, '')}Z`
}

async function restore(context: Context, parsed: Parsed, file: string): Promise<number> {
  const directory = context.siteDirectory()
  const source = userPath(file, context.terminal.cwd)
  checkBackupFile(source)
  if (!isGiven(parsed, 'yes')) {
    throw fault('NOT_CONFIRMED', { what: `replacing the database of ${directory}` })
  }
  const found = lookForDaemon(directory)
  // Its allocations end, too: they run jobs that the restored database may know nothing of.
  await stopDaemonOf(directory, 'stop')
  const aside = putBack(directory, realpathSync(source), stamp())
  context.say(`balsam: restored; the former database is ${aside}`)
  if (found.is === 'alive') {
    const { server } = await startDaemonOf(directory, context.terminal.env)
    context.say(`balsam: balsamd runs again (pid ${server.pid})`)
  }
  return 0
}
