// balsam wait: until the chosen jobs have ended. Exit 0, 4 when some failed, 5 after --timeout.
import { Fault } from '../../../protocol/faults.ts'
import { quoteWords } from '../../../protocol/shell-words.ts'
import { declareFilters, isGiven } from '../options.ts'
import { chosenJobs } from '../refs.ts'
import { millisecondsOf } from '../request/minutes.ts'
import type { Verb } from '../verb.ts'
import { waitFor } from '../waiting.ts'

/** The verb. */
export const wait: Verb = {
  declare(command) {
    command.argument('[jobs...]', 'ids, FIRST-LAST or unique names; none: all that match')
    declareFilters(command)
    command
      .option('--timeout <DURATION>', 'give up after this long (exit 5); the jobs go on')
      .option('--no-fail', 'exit 0 even when jobs failed')
      .option('--allow-empty', 'exit 0 when no job matches')
  },
  async run(context, parsed) {
    const timeoutMs = millisecondsOf(parsed, 'timeout')
    const filter = await chosenJobs(parsed, context)
    try {
      return await waitFor(context, filter, {
        again: `balsam wait ${quoteWords(parsed.words)}`.trimEnd(),
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
        isFailureFine: parsed.options['fail'] === false,
        isJson: isGiven(parsed, 'json'),
      })
    } catch (error) {
      const isEmpty = error instanceof Fault && error.code === 'NOTHING_MATCHED'
      if (isEmpty && isGiven(parsed, 'allowEmpty')) return 0
      throw error
    }
  },
}
