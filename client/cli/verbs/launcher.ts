// balsam launcher: makes this process a launcher of the site, in the foreground.
// The daemon gives it an allocation of its own; then the supervisor takes this process over.
import { hostname } from 'node:os'
import type { ForeignLauncherRequest } from '../../../protocol/calls.ts'
import { fault } from '../../../protocol/faults.ts'
import { becomeProgram } from '../../sdk/programs.ts'
import { declareLater, integerOf, isGiven, refuseLater, textOf } from '../options.ts'
import { millisecondsOf, minutesOf } from '../request/minutes.ts'
import { openFilesOfCaller } from '../request/open-files.ts'
import type { Verb } from '../verb.ts'
import { jobModeOf } from './submit-launch.ts'

/** The verb. */
export const launcher: Verb = {
  declare(command) {
    command
      .option('--cpus <N>', 'cores that each node offers; default: what this process may use')
      .option('--count, --nodes <N>', 'so many launchers, each a node of its own', '1')
      .option('--consume-all', 'jobs of all workflows (the default)')
      .option('--wf-filter <TEXT>', 'only jobs whose workflow contains this')
      .option('--job-mode <MODE>', 'serial (mpi comes later)', 'serial')
      .option('--time-limit-minutes <MINUTES>', 'end after this long; 0: never', '0')
      .option('--idle-exit <DURATION>', 'end when there was no work for this long, in seconds')
      .option('--no-exec', 'answer tasks at once, without a process: for measurements')
      .option('--num-transition-threads <N>', 'hooks and transfers at once; 0: none here')
    declareLater(command, ['--gpus-per-node <N>'])
  },
  async run(context, parsed) {
    refuseLater(parsed, {
      gpusPerNode: 'GPUs come with a later version',
    })
    const wfFilter = textOf(parsed, 'wfFilter') ?? ''
    if (isGiven(parsed, 'consumeAll') && wfFilter !== '') {
      const what = '--consume-all and --wf-filter exclude each other'
      throw fault('BAD_FLAG', { what, verb: 'launcher' })
    }
    const minutes = minutesOf(parsed, 'timeLimitMinutes') ?? 0
    const slots = integerOf(parsed, 'numTransitionThreads', 0)
    const request: ForeignLauncherRequest = {
      node: hostname(),
      nodes: integerOf(parsed, 'nodes', 1) ?? 1,
      cpusPerNode: integerOf(parsed, 'cpus', 1) ?? null,
      wfFilter,
      jobMode: jobModeOf(parsed),
      wallTimeMinutes: minutes > 0 ? minutes : null,
      idleExitMs: millisecondsOf(parsed, 'idleExit') ?? null,
      isNoExec: parsed.options['exec'] === false,
      ...(slots === undefined ? {} : { hookSlots: slots }),
    }
    const balsam = context.balsam()
    const grant = await balsam.registerLauncher(request)
    balsam.close()
    context.say(`balsam: launcher of allocation ${grant.allocation.id}; Ctrl-C ends it`)
    Object.assign(process.env, openFilesOfCaller())
    return becomeProgram('supervisor', ['--run-dir', grant.run_directory])
  },
}
