// balsam submit: adds a plain command, or an array of it, without an app.
import { basename } from 'node:path'
import { fault } from '../../../protocol/faults.ts'
import type { JobRequest } from '../../../protocol/job.ts'
import { limits } from '../../../protocol/limits.ts'
import { collect, environmentOf, integerOf, isGiven, textOf } from '../options.ts'
import { parseArray } from '../request/array.ts'
import { storedCommand } from '../request/executable.ts'
import { minutesOf } from '../request/minutes.ts'
import { outputPlan } from '../request/output-plan.ts'
import { printReceipt } from '../show/receipt.ts'
import type { Context, Parsed, Verb } from '../verb.ts'
import { receiptFilter, waitFor } from '../waiting.ts'

/** The verb. */
export const submit: Verb = {
  takesCommand: true,
  declare(command) {
    command
      .argument('[command...]', 'the command and its words; {i} is the array index')
      .usage('[options] -- CMD ARGS…')
      .option('--array <FIRST-LAST>', 'one job for each index')
      .option('--name <NAME>', 'default: the command’s name; array elements get -INDEX')
      .option('--workflow <WORKFLOW>', 'the tag that groups jobs', 'default')
      .option('--cpus <N>', 'whole cores of each job')
      .option('--node-packing-count <N>', 'how many such jobs share a node, instead of --cpus')
      .option('--env <K=V>', 'a variable of the task; may be repeated', collect)
      .option('--priority <N>', 'larger runs earlier', '0')
      .option('--max-retries <N>', 'tries again after a failed attempt', '0')
      .option('--wall-time-minutes <MINUTES>', 'estimate: of equal jobs, long ones run first', '1')
      .option('--description <TEXT>', 'for people')
      .option('--stdout <FILE>', 'a file ({i} {id} {name} replaced), or none')
      .option('--wait', 'until all have ended: exit 0, or 4 when one failed')
  },
  async run(context, parsed) {
    const request = requestOf(context, parsed)
    const balsam = context.balsam()
    const receipt = await balsam.submit([request])
    printReceipt(context, parsed, receipt, `${request.name} (workflow ${request.workflow})`)
    if (!isGiven(parsed, 'wait')) return 0
    return await waitFor(context, receiptFilter(receipt), { again: 'balsam wait' })
  },
}

function requestOf(context: Context, parsed: Parsed): JobRequest {
  const { env, cwd } = context.terminal
  const command = parsed.args[0] === '--' ? parsed.args.slice(1) : parsed.args
  if (command.length === 0 || command[0] === '') throw fault('NO_COMMAND')
  const array = textOf(parsed, 'array')
  const cpus = integerOf(parsed, 'cpus', 1)
  return {
    name: textOf(parsed, 'name') ?? nameOf(command[0] ?? ''),
    workflow: textOf(parsed, 'workflow') ?? '',
    application: null,
    args: '',
    command: storedCommand(command, { env, cwd }),
    description: textOf(parsed, 'description') ?? '',
    environment: environmentOf(parsed, 'env'),
    resources: {
      // Without a word about it a plain command takes one core, not a whole node.
      cpus: cpus ?? (parsed.options['nodePackingCount'] === undefined ? 1 : null),
      nodePackingCount: integerOf(parsed, 'nodePackingCount', 1) ?? 1,
    },
    priority: integerOf(parsed, 'priority', -Infinity) ?? 0,
    maxRetries: integerOf(parsed, 'maxRetries', 0) ?? 0,
    wallTimeMinutes: minutesOf(parsed, 'wallTimeMinutes') ?? 1,
    output: outputPlan(textOf(parsed, 'stdout'), cwd),
    cwd,
    array: array === undefined ? null : parseArray(array),
  }
}

/** A command's name as a job's name: what a name may not hold becomes an underscore. */
export function nameOf(command: string): string {
  const name = basename(command)
    .replaceAll(/[^A-Za-z0-9._+@=-]/g, '_')
    .replace(/^-+/, '')
    .slice(0, limits.nameLengthMax - 20)
  return name === '' || name === '.' || name === '..' ? 'job' : name
}
