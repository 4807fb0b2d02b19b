// balsam kill (killjob): ends jobs for good. Running ones get TERM, and KILL after a grace.
import { fault } from '../../../protocol/faults.ts'
import { confirm } from '../confirm.ts'
import { declareFilters, isGiven } from '../options.ts'
import { chosenJobs, isEverything } from '../refs.ts'
import { millisecondsOf } from '../request/minutes.ts'
import type { Verb } from '../verb.ts'

/** The verb. */
export const kill: Verb = {
  declare(command) {
    command.argument('[jobs...]', 'ids, FIRST-LAST or unique names')
    declareFilters(command)
    command
      .option('--all', 'every job of the site; asks first')
      .option('--grace <DURATION>', 'time between TERM and KILL, in seconds', '5')
      .option('--recursive', 'with everything that waits for them')
      .option('-y, --yes', 'don’t ask')
  },
  async run(context, parsed) {
    const graceMs = millisecondsOf(parsed, 'grace')
    const balsam = context.balsam()
    const filter = await chosenJobs(parsed, context)
    if (isEverything(filter)) {
      if (!isGiven(parsed, 'all')) throw fault('BAD_FLAG', { what: 'which jobs?', verb: 'kill' })
      const { total } = await balsam.tally()
      await confirm(context, parsed, `killing all ${total} jobs of the site`)
    }
    const receipt = await balsam.kill(filter, graceMs, isGiven(parsed, 'recursive'))
    if (isGiven(parsed, 'json')) context.print(`${JSON.stringify(receipt)}\n`)
    if (receipt.killed + receipt.already_ended === 0) throw fault('NOTHING_MATCHED')
    const ended = receipt.already_ended
    const before = ended === 0 ? '' : ` (${ended} had already ended)`
    context.say(`balsam: ${receipt.killed} killed${before}`)
    return 0
  },
}
