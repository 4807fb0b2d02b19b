// balsamd start: returns when a daemon serves the site; also when one did already.
import { startDaemonOf } from '../daemon-life.ts'
import { isGiven } from '../options.ts'
import type { Verb } from '../verb.ts'

/** The verb. */
export const start: Verb = {
  declare(command) {
    command.argument('[site]', 'a site’s directory, instead of the one in use')
  },
  async run(context, parsed) {
    const site = context.siteDirectory(parsed.args[0])
    const { server, wasRunning } = await startDaemonOf(site, context.terminal.env)
    if (isGiven(parsed, 'json')) {
      const document = { schema: 'balsam.started/1', site, was_running: wasRunning, ...server }
      context.print(`${JSON.stringify(document)}\n`)
    } else {
      const how = wasRunning ? 'runs already' : 'started'
      context.say(`balsamd: ${how} (pid ${server.pid}, site ${site})`)
    }
    return 0
  },
}
