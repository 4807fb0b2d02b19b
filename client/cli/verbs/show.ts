// balsam show: everything that is known of a job.
import { isGiven } from '../options.ts'
import { detailText } from '../show/detail.ts'
import type { Verb } from '../verb.ts'

/** The verb. */
export const show: Verb = {
  declare(command) {
    command.argument('<job>', 'id or unique name')
  },
  async run(context, parsed) {
    const job = await context.balsam().job(parsed.args[0] ?? '')
    context.print(isGiven(parsed, 'json') ? `${JSON.stringify(job)}\n` : detailText(job))
    return 0
  },
}
