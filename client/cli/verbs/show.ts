// balsam show: everything that is known of a job.
import { isGiven } from '../options.ts'
import { refOf } from '../refs.ts'
import { detailText } from '../show/detail.ts'
import type { Verb } from '../verb.ts'

/** The verb. */
export const show: Verb = {
  declare(command) {
    command
      .argument('<job>', 'id, unique name, or current')
      .option('--workdir', 'only its working directory')
  },
  async run(context, parsed) {
    const job = await context.balsam().job(refOf(parsed.args[0] ?? '', context))
    if (isGiven(parsed, 'workdir')) context.print(`${job.working_directory}\n`)
    else context.print(isGiven(parsed, 'json') ? `${JSON.stringify(job)}\n` : detailText(job))
    return 0
  },
}
