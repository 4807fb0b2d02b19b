// balsamd: `run --site DIR` serves one site in the foreground until it is told to stop; `takeover`
// does so although another host's daemon is on record.
// The verbs start, stop, status and restart are the command line's, which starts and calls this.
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Fault, fault, faultBody } from '../protocol/faults.ts'
import { siteLayout } from '../protocol/site-files.ts'
import { realClock } from './ports/clock.ts'
import { openFileLog } from './ports/log.ts'
import { realRandomness } from './ports/randomness.ts'
import { startReign } from './process/run.ts'
import { settingsOf } from './process/settings.ts'
import { openSiteDirectory } from './process/site-directory.ts'
import { logBounds } from './schedulers/run-directory.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    site: { type: 'string' },
    // Whoever starts it unseen reads its last words from the log; a person wants plain ones.
    'json-faults': { type: 'boolean' },
  },
})

try {
  await main()
} catch (error) {
  const known =
    error instanceof Fault
      ? error
      : fault('INTERNAL', {
          what: error instanceof Error ? String(error.stack) : String(error),
          log: 'log/balsamd.log',
        })
  const plain = `balsamd: ${known.message} [${known.code}]\n  ${known.advice}`
  process.stderr.write(`${values['json-faults'] ? JSON.stringify(faultBody(known)) : plain}\n`)
  process.exit(known.exit)
}

async function main(): Promise<void> {
  const verb = positionals[0]
  if ((verb !== 'run' && verb !== 'takeover') || values.site === undefined) {
    throw fault('BAD_FLAG', { what: 'usage: balsamd run|takeover --site DIR', verb: 'run' })
  }
  process.umask(0o077)
  // A logout must not end it; SIGTERM does, and leaves allocations running.
  process.on('SIGHUP', () => undefined)
  const { path } = openSiteDirectory(values.site)
  const settings = await settingsOf(path, process.env)
  const log = openFileLog({
    ...logBounds(settings),
    file: join(path, siteLayout.daemonLog),
    isEchoed: values['json-faults'] !== true,
  })
  const die = (error: unknown): void => {
    const what = error instanceof Error ? String(error.stack) : String(error)
    log.error('balsamd ends: it can not go on', { error: what })
    process.stderr.write(`balsamd ends: ${what}\n`)
    process.exit(1)
  }
  process.on('uncaughtException', die)
  process.on('unhandledRejection', die)
  const reign = await startReign({
    site: values.site,
    isTakeover: verb === 'takeover',
    clock: realClock(),
    random: realRandomness(),
    log,
    settings,
    die,
  }).catch((error: unknown) => {
    // Also where `balsam log` finds it; a person at a terminal reads the last words instead.
    if (values['json-faults'] === true) log.error('balsamd does not serve', { what: String(error) })
    throw error
  })
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => void reign.stop('restart', signal).catch(die))
  }
  await reign.ended
  process.exit(0)
}
