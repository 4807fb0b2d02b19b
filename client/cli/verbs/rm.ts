// balsam rm: removes jobs from the site's database. Their directories stay; running ones stay, too.
import { fault } from '../../../protocol/faults.ts'
import { confirm } from '../confirm.ts'
import { declareFilters, isGiven } from '../options.ts'
import { chosenJobs, isEverything } from '../refs.ts'
import type { Parsed, Verb } from '../verb.ts'

/** The verb. */
export const rm: Verb = {
  declare(command) {
    command.argument('[jobs...]', 'ids, FIRST-LAST or unique names')
    declareFilters(command)
    command
      .option('--all', 'every job of the site')
      .option('--dry-run', 'only say how many it would be')
      .option('-y, --yes', 'without being asked; needed off a terminal, unless jobs are named')
      .option('--force', 'Balsam 0.3’s word for --yes')
  },
  async run(context, parsed) {
    const chosen = withoutType(parsed)
    const balsam = context.balsam()
    const filter = await chosenJobs(chosen, context)
    if (isEverything(filter) && !isGiven(parsed, 'all')) {
      throw fault('BAD_FLAG', { what: 'which jobs?', verb: 'rm' })
    }
    const isDryRun = isGiven(parsed, 'dryRun')
    if (!isDryRun && filter.ids === undefined) {
      const { total } = await balsam.tally(filter)
      if (total === 0) throw fault('NOTHING_MATCHED')
      await confirm(context, parsed, `removing ${total} jobs`)
    }
    const receipt = await balsam.remove(filter, isDryRun)
    if (isGiven(parsed, 'json')) context.print(`${JSON.stringify(receipt)}\n`)
    if (receipt.removed === 0) throw fault('NOTHING_MATCHED')
    context.say(`balsam: ${receipt.removed} ${isDryRun ? 'would be removed' : 'removed'}`)
    return 0
  },
}

/** Balsam 0.3 said `rm jobs --name x`. */
function withoutType(parsed: Parsed): Parsed {
  const [first, ...rest] = parsed.args
  if (first === 'apps') throw fault('UNSUPPORTED', { what: 'removing apps (balsam rm apps)' })
  return first === 'jobs' ? { ...parsed, args: rest } : parsed
}
