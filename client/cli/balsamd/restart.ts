// balsamd restart: a new process for the same site; launchers wait for it and jobs go on.
import { restartDaemonOf } from '../daemon-life.ts'
import { isGiven } from '../options.ts'
import type { Verb } from '../verb.ts'

/** The verb. */
export const restart: Verb = {
  declare(command) {
    command.argument('[site]', 'a site’s directory, instead of the one in use')
  },
  async run(context, parsed) {
    const site = context.siteDirectory(parsed.args[0])
    const { server, wasRunning } = await restartDaemonOf(site, context.terminal.env)
    if (isGiven(parsed, 'json')) {
      const document = { schema: 'balsam.started/1', site, was_running: wasRunning, ...server }
      context.print(`${JSON.stringify(document)}\n`)
    } else {
      context.say(
        `balsamd: ${wasRunning ? 'restarted' : 'started'} (pid ${server.pid}, site ${site})`,
      )
    }
    return 0
  },
}
