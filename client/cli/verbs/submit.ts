// balsam submit: adds a plain command without an app: once, as an array, or for each parameter.
import { fault } from '../../../protocol/faults.ts'
import type { JobInput } from '../../../protocol/job.ts'
import { collect, isGiven, textOf, wordsOf } from '../options.ts'
import { parseArray } from '../request/array.ts'
import { storedCommand } from '../request/executable.ts'
import { declareJobFields, jobOfFlags } from '../request/flags.ts'
import { nameOf } from '../request/name.ts'
import { parseSweep, splitTriple } from '../request/sweep.ts'
import { printReceipt } from '../show/receipt.ts'
import type { Context, Parsed, Verb } from '../verb.ts'
import { receiptFilter, waitFor } from '../waiting.ts'
import { sweptJobs } from './job.ts'

/** The verb. */
export const submit: Verb = {
  takesCommand: true,
  declare(command) {
    command
      .argument('[command...]', 'the command and its words; {i} is the array index')
      .usage('[options] -- CMD ARGS… [::: VALUES…]')
      .option('--array <FIRST-LAST>', 'one job for each index')
      .option('--sweep <NAME=VALUES>', '{NAME} takes each value; 0.1,0.2 or 1-100', collect)
      .option('--name <NAME>', 'default: the command’s name; array elements get -INDEX')
      .option('--cpus <N>', 'whole cores of each job')
    declareJobFields(command)
    command
      .option('--idempotency-key <KEY>', 'the same key and jobs again add nothing')
      .option('--wait', 'until all have ended: exit 0, or 4 when one failed')
  },
  async run(context, parsed) {
    const words = parsed.args[0] === '--' ? parsed.args.slice(1) : parsed.args
    const { command, parameters } = splitTriple(words)
    const job = jobOf(context, parsed, withPlaceholder(command, parameters.length))
    const sweeps = [...wordsOf(parsed, 'sweep').map(parseSweep), ...parameters]
    if (sweeps.length > 0 && job.array !== undefined) {
      const what = '--array excludes --sweep and :::'
      throw fault('BAD_FLAG', { what, verb: 'submit' })
    }
    const jobs = sweeps.length === 0 ? [job] : sweptJobs(job, sweeps)
    const receipt = await context.balsam().submit(jobs, textOf(parsed, 'idempotencyKey'))
    printReceipt(context, parsed, receipt, `${job.name} (workflow ${job.workflow ?? 'default'})`)
    if (!isGiven(parsed, 'wait')) return 0
    return await waitFor(context, receiptFilter(receipt), { again: 'balsam wait' })
  },
}

/** As GNU parallel does: a command without a placeholder gets its values at the end. */
function withPlaceholder(command: readonly string[], parameters: number): readonly string[] {
  if (parameters === 0 || command.some((word) => /\{\d*\}/.test(word))) return command
  return [...command, ...Array.from({ length: parameters }, (_, index) => `{${index + 1}}`)]
}

function jobOf(context: Context, parsed: Parsed, command: readonly string[]): JobInput {
  const { env, cwd } = context.terminal
  if (command.length === 0 || command[0] === '') throw fault('NO_COMMAND')
  const array = textOf(parsed, 'array')
  const job = jobOfFlags(context, parsed)
  const isShared = parsed.options['nodePackingCount'] !== undefined
  return {
    ...job,
    name: textOf(parsed, 'name') ?? nameOf(command[0] ?? ''),
    command: storedCommand(command, { env, cwd }),
    // Without a word about it a plain command takes one core, not a whole node.
    resources: { ...(isShared ? {} : { cpus: 1 }), ...job.resources },
    ...(array === undefined ? {} : { array: parseArray(array) }),
  }
}
