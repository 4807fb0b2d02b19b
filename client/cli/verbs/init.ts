// balsam init: makes a site in a new or empty directory. Starts nothing.
import { basename } from 'node:path'
import { quoteWord } from '../../../protocol/shell-words.ts'
import { userPath } from '../../sdk/find-site.ts'
import { rememberSite } from '../../sdk/known-sites.ts'
import { makeSite, readSite } from '../../sdk/site.ts'
import type { Verb } from '../verb.ts'

/** The verb. */
export const init: Verb = {
  declare(command) {
    command.argument('<path>', 'a directory that is new or empty')
  },
  async run(context, parsed) {
    const { env, cwd } = context.terminal
    const path = makeSite(userPath(parsed.args[0] ?? '', cwd))
    await rememberSite(path, env)
    if (parsed.options['json'] === true) {
      const siteId = readSite(path)?.siteId ?? ''
      context.print(`${JSON.stringify({ schema: 'balsam.site/1', path, site_id: siteId })}\n`)
      return 0
    }
    context.print(`${path}\n`)
    context.say(`balsam: made a site. Use it with: export BALSAM_SITE=${quoteWord(path)}`)
    context.say(`  or: source balsamactivate ${quoteWord(basename(path))}`)
    return 0
  },
}
