// balsam retry: runs ended jobs again under their ids, maybe with more memory or time.
import { fault } from '../../../protocol/faults.ts'
import type { JobFilter } from '../../../protocol/job.ts'
import { confirm } from '../confirm.ts'
import { declareFilters, isGiven, textOf } from '../options.ts'
import { chosenJobs, isEverything } from '../refs.ts'
import type { Parsed, Verb } from '../verb.ts'

/** The verb. */
export const retry: Verb = {
  declare(command) {
    command.argument('[jobs...]', 'ids, FIRST-LAST or unique names')
    declareFilters(command)
    command
      .option('--failed', 'all that are FAILED')
      .option('--mem <xFACTOR>', 'multiplies the memory asked for, e.g. x1.5')
      .option('--time <xFACTOR>', 'multiplies the estimated time')
      .option('--dry-run', 'only count them, by cause')
      .option('-y, --yes', 'don’t ask before jobs that finished run again')
  },
  async run(context, parsed) {
    const balsam = context.balsam()
    const chosen = await chosenJobs(parsed, context)
    const filter: JobFilter = isGiven(parsed, 'failed') ? { ...chosen, states: ['FAILED'] } : chosen
    if (isEverything(filter)) throw fault('BAD_FLAG', { what: 'which jobs?', verb: 'retry' })
    const isDryRun = isGiven(parsed, 'dryRun')
    if (!isDryRun && filter.ids === undefined && filter.states === undefined) {
      const { states } = await balsam.tally(filter)
      const finished = states.JOB_FINISHED ?? 0
      if (finished > 0) await confirm(context, parsed, `running ${finished} finished jobs again`)
    }
    const memoryFactor = factorOf(parsed, 'mem')
    const timeFactor = factorOf(parsed, 'time')
    const receipt = await balsam.retry({
      filter,
      ...(memoryFactor === undefined ? {} : { memoryFactor }),
      ...(timeFactor === undefined ? {} : { timeFactor }),
      isDryRun,
    })
    if (isGiven(parsed, 'json')) context.print(`${JSON.stringify(receipt)}\n`)
    if (receipt.retried === 0) throw fault('NOTHING_MATCHED')
    const causes = Object.entries(receipt.causes).sort(([, one], [, other]) => other - one)
    for (const [cause, count] of causes) context.say(`balsam: ${count} × ${cause}`)
    context.say(`balsam: ${receipt.retried} ${isDryRun ? 'would run again' : 'to run again'}`)
    return 0
  },
}

/** `x1.5` or `1.5`. */
function factorOf(parsed: Parsed, name: 'mem' | 'time'): number | undefined {
  const text = textOf(parsed, name)
  if (text === undefined) return undefined
  const factor = /^x?\d+(\.\d+)?$/i.test(text) ? Number(text.replace(/^x/i, '')) : 0
  if (factor > 0) return factor
  throw fault('BAD_FIELD', { field: `--${name}`, what: `${text} is no factor; write x1.5` })
}
