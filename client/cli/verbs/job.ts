// balsam job: adds one job of an app, with the flags of Balsam 0.3.
import { fault } from '../../../protocol/faults.ts'
import type { JobRequest } from '../../../protocol/job.ts'
import { expandHome } from '../../../protocol/shell-words.ts'
import { homeOf } from '../../sdk/find-site.ts'
import {
  collect,
  declareLater,
  environmentOf,
  integerOf,
  refuseLater,
  textOf,
  wordsOf,
} from '../options.ts'
import { minutesOf } from '../request/minutes.ts'
import { outputPlan } from '../request/output-plan.ts'
import { printReceipt } from '../show/receipt.ts'
import type { Parsed, Verb } from '../verb.ts'

const later = {
  coscheduleNumNodes: 'jobs beside other jobs come with a later version',
  threadsPerRank: 'MPI jobs come with a later version',
  threadsPerCore: 'MPI jobs come with a later version',
  post_handle_error: 'hooks come with a later version',
  post_handle_timeout: 'hooks come with a later version',
  disable_auto_timeout_retry: 'timeout handling comes with a later version',
  inputFiles: 'file flow between jobs comes with a later version',
  urlIn: 'transfers come with a later version',
  urlOut: 'transfers come with a later version',
  stageOutFiles: 'transfers come with a later version',
}

/** The verb. */
export const job: Verb = {
  declare(command) {
    command
      .requiredOption('--name <NAME>', 'need not be unique')
      .requiredOption('--application <APP>', 'see balsam ls apps')
      .option('--workflow <WORKFLOW>', 'the tag that groups jobs', 'default')
      .option('--args <WORDS...>', 'what follows the app’s executable; split by quoting')
      .option('--description <WORDS...>', 'for people')
      .option('--wall-time-minutes <MINUTES>', 'estimate: of equal jobs, long ones run first', '1')
      .option('--node-packing-count <N>', 'how many such jobs share a node', '1')
      .option('--cpus <N>', 'whole cores; wins over --node-packing-count')
      .option('--num-nodes <N>', 'nodes (more than 1 comes later)', '1')
      .option('--ranks-per-node <N>', 'MPI ranks (more than 1 comes later)', '1')
      .option('--env <K=V>', 'a variable of the task; may be repeated', collect)
      .option('--priority <N>', 'larger runs earlier', '0')
      .option('--max-retries <N>', 'tries again after a failed attempt', '0')
      .option('--stdout <FILE>', 'a file ({i} {id} {name} replaced), or none')
      .option('-y, --yes', 'accepted for Balsam 0.3’s sake; nothing is asked')
    declareLater(command, [
      '--coschedule-num-nodes <N>',
      '--threads-per-rank <N>',
      '--threads-per-core <N>',
      '--post_handle_error',
      '--post_handle_timeout',
      '--disable_auto_timeout_retry',
      '--input-files <GLOBS...>',
      '--url-in <URL>',
      '--url-out <URL>',
      '--stage-out-files <GLOBS...>',
    ])
  },
  async run(context, parsed) {
    refuseLater(parsed, later)
    refuseMpi(parsed)
    const { env, cwd } = context.terminal
    const args = wordsOf(parsed, 'args').join(' ')
    const request: JobRequest = {
      name: textOf(parsed, 'name') ?? '',
      workflow: textOf(parsed, 'workflow') ?? '',
      application: textOf(parsed, 'application') ?? '',
      args: expandHome(args, 'args', homeOf(env)),
      command: null,
      description: wordsOf(parsed, 'description').join(' '),
      environment: environmentOf(parsed, 'env'),
      resources: {
        cpus: integerOf(parsed, 'cpus', 1) ?? null,
        nodePackingCount: integerOf(parsed, 'nodePackingCount', 1) ?? 1,
      },
      priority: integerOf(parsed, 'priority', -Infinity) ?? 0,
      maxRetries: integerOf(parsed, 'maxRetries', 0) ?? 0,
      wallTimeMinutes: minutesOf(parsed, 'wallTimeMinutes') ?? 1,
      output: outputPlan(textOf(parsed, 'stdout'), cwd),
      cwd,
      array: null,
    }
    const receipt = await context.balsam().submit([request])
    printReceipt(context, parsed, receipt, `${request.name} (workflow ${request.workflow})`)
    return 0
  },
}

function refuseMpi(parsed: Parsed): void {
  for (const [name, flag] of [
    ['numNodes', '--num-nodes'],
    ['ranksPerNode', '--ranks-per-node'],
  ] as const) {
    const count = integerOf(parsed, name, 1) ?? 1
    if (count > 1) {
      throw fault('UNSUPPORTED', { what: `${flag} ${count} (MPI jobs come with a later version)` })
    }
  }
}
