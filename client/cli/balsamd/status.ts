// balsamd status: what the daemon says about itself; starts none. Exit 6 when none serves.

import type { DaemonStatus, StoreCheck } from '../../../protocol/calls.ts'
import { showDuration } from '../../../protocol/durations.ts'
import { fault } from '../../../protocol/faults.ts'
import { jobStates } from '../../../protocol/states.ts'
import { balsamOver } from '../../sdk/balsam.ts'
import { lookForDaemon } from '../../sdk/reach.ts'
import { openSession } from '../../sdk/session.ts'
import { refuseElsewhere } from '../daemon-life.ts'
import { isGiven } from '../options.ts'
import type { Context, Parsed, Verb } from '../verb.ts'

/** The verb. */
export const status: Verb = {
  declare(command) {
    command
      .argument('[site]', 'a site’s directory, instead of the one in use')
      .option('--check', 'also check the database: may take a while on a large one')
  },
  async run(context, parsed) {
    const { path } = context.site(parsed.args[0])
    const found = lookForDaemon(path)
    refuseElsewhere(found)
    if (found.is !== 'alive') {
      const what = found.is === 'dead' ? `process ${found.server.pid} is dead` : 'none was started'
      throw fault('DAEMON_UNREACHABLE', { site: path, what })
    }
    const balsam = balsamOver(openSession(path, context.terminal.env))
    try {
      const facts = await balsam.status()
      const check = isGiven(parsed, 'check') ? await balsam.check() : undefined
      print(context, parsed, facts, check)
      return check === undefined || check.ok ? 0 : 1
    } finally {
      balsam.close()
    }
  },
}

function print(
  context: Context,
  parsed: Parsed,
  facts: DaemonStatus,
  check: StoreCheck | undefined,
): void {
  if (isGiven(parsed, 'json')) {
    const document = check === undefined ? facts : { ...facts, check }
    context.print(`${JSON.stringify(document)}\n`)
    return
  }
  const states = jobStates.filter((state) => (facts.jobs[state] ?? 0) > 0)
  const lines: readonly (readonly [string, string])[] = [
    ['balsamd', `${facts.state}, version ${facts.version}, epoch ${facts.epoch}`],
    ['site', `${facts.site} (${facts.site_id})`],
    ['process', `${facts.pid} on ${facts.host}, up ${showDuration(facts.uptime_s)}`],
    ['uses', `${facts.rss_mib.toFixed(0)} MiB, ${showDuration(facts.cpu_s)} of CPU`],
    ['loop', `blocked for ${facts.loop_lag_ms_max.toFixed(0)} ms at most`],
    ['database', `${facts.driver} (${facts.driver_reason}), ${facts.journal_mode}`],
    ['socket', facts.socket],
    ['launchers', String(facts.launchers)],
    ['jobs', states.map((state) => `${facts.jobs[state] ?? 0} ${state}`).join(', ') || 'none'],
    ...(check === undefined ? [] : [checkLine(check)]),
  ]
  context.print(lines.map(([name, value]) => `${name.padEnd(10)} ${value}\n`).join(''))
}

function checkLine(check: StoreCheck): readonly [string, string] {
  if (check.ok) return ['check', `ok (integrity ${check.integrity}, no rule broken)`]
  return ['check', `FAILED: ${[check.integrity, ...check.breaches].join('; ')}`]
}
