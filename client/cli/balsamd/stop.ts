// balsamd stop: ends the daemon and the site's local allocations; their jobs can run again later.
import { stopDaemonOf } from '../daemon-life.ts'
import { isGiven } from '../options.ts'
import type { Verb } from '../verb.ts'

/** The verb. */
export const stop: Verb = {
  declare(command) {
    command.argument('[site]', 'a site’s directory, instead of the one in use')
  },
  async run(context, parsed) {
    const site = context.siteDirectory(parsed.args[0])
    const wasRunning = await stopDaemonOf(site, 'stop')
    if (isGiven(parsed, 'json')) {
      const document = { schema: 'balsam.stopped/1', site, was_running: wasRunning }
      context.print(`${JSON.stringify(document)}\n`)
    } else context.say(`balsamd: ${wasRunning ? 'stopped' : 'was not running'} (site ${site})`)
    return 0
  },
}
