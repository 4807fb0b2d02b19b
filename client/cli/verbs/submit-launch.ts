// balsam submit-launch: asks the site's scheduler for an allocation with launchers in it.

import type { AllocationRequest } from '../../../protocol/calls.ts'
import { fault } from '../../../protocol/faults.ts'
import type { Environment } from '../../sdk/find-site.ts'
import { integerOf, isGiven, textOf } from '../options.ts'
import { millisecondsOf, minutesOf } from '../request/minutes.ts'
import { openFilesOfCaller } from '../request/open-files.ts'
import { settingsFor } from '../settings-files.ts'
import type { Parsed, Verb } from '../verb.ts'

/** The verb. */
export const submitLaunch: Verb = {
  declare(command) {
    command
      .requiredOption('-t, --time-minutes <MINUTES>', 'walltime: 30, 30m, 2h, 1-02:00:00')
      .option('-n, --nodes <N>', 'nodes', '1')
      .option('-A, --project <PROJECT>', 'default: setting default_project')
      .option('-q, --queue <QUEUE>', 'default: setting default_queue')
      .option('--job-mode <MODE>', 'serial (mpi comes later)', 'serial')
      .option('--wf-filter <TEXT>', 'only jobs whose workflow contains this')
      .option('--cpus <N>', 'cores that each node offers (local scheduler)')
      .option('--idle-exit <DURATION>', 'end when there was no work for this long')
      .option('--no-exec', 'answer tasks at once, without a process: for measurements')
  },
  async run(context, parsed) {
    const request: AllocationRequest = {
      ...(await projectAndQueue(context.siteDirectory(), context.terminal.env, parsed)),
      nodes: integerOf(parsed, 'nodes', 1) ?? 1,
      wallTimeMinutes: minutesOf(parsed, 'timeMinutes') ?? 0,
      jobMode: jobModeOf(parsed),
      wfFilter: textOf(parsed, 'wfFilter') ?? '',
      cpusPerNode: integerOf(parsed, 'cpus', 1) ?? null,
      idleExitMs: millisecondsOf(parsed, 'idleExit') ?? null,
      environment: { ...environmentToSend(context.terminal.env), ...openFilesOfCaller() },
      isNoExec: parsed.options['exec'] === false,
    }
    if (!(request.wallTimeMinutes > 0)) {
      throw fault('BAD_FIELD', { field: '--time-minutes', what: 'must be more than nothing' })
    }
    const item = await context.balsam().submitLaunch(request)
    if (isGiven(parsed, 'json')) {
      context.print(`${JSON.stringify({ schema: 'balsam.allocation/1', ...item })}\n`)
    } else if (context.look.isTty) {
      const nodes = item.nodes === 1 ? '1 node' : `${item.nodes} nodes`
      const what = `${nodes} for ${item.wall_time_minutes} minutes, ${item.scheduler} scheduler`
      context.print(`allocation ${item.id} ${item.state}: ${what}\n`)
    } else context.print(`${item.id}\n`)
    return 0
  },
}

/** Only serial jobs exist yet; a launcher that can't run what it is asked for must not start. */
export function jobModeOf(parsed: Parsed): 'serial' {
  const mode = textOf(parsed, 'jobMode') ?? 'serial'
  if (mode === 'serial') return mode
  if (mode === 'mpi' || mode === 'mixed') {
    throw fault('UNSUPPORTED', { what: `--job-mode ${mode} (MPI jobs come with a later version)` })
  }
  throw fault('BAD_FIELD', { field: '--job-mode', what: `${mode} is no mode; there is serial` })
}

/** The shell's environment without what speaks of balsam's own processes: it is the tasks' base. */
export function environmentToSend(env: Environment): Record<string, string> {
  const kept = Object.entries(env).filter(([name]) => name !== '' && !name.startsWith('BALSAM_'))
  return Object.fromEntries(kept.map(([name, value]) => [name, value ?? '']))
}

/** Flags go before settings; the files are read only when a flag is missing. */
async function projectAndQueue(
  site: string,
  env: Environment,
  parsed: Parsed,
): Promise<{ project: string; queue: string }> {
  const [project, queue] = [textOf(parsed, 'project'), textOf(parsed, 'queue')]
  if (project !== undefined && queue !== undefined) return { project, queue }
  const { values } = await settingsFor(site, env)
  return {
    project: project ?? String(values['default_project'] ?? ''),
    queue: queue ?? String(values['default_queue'] ?? ''),
  }
}
