// balsamd run: this process becomes the daemon, in the foreground (for systemd, containers, tests).
import { becomeProgram } from '../../sdk/programs.ts'
import { lookForDaemon } from '../../sdk/reach.ts'
import { refuseElsewhere } from '../daemon-life.ts'
import type { Verb } from '../verb.ts'

/** The verb. */
export const run: Verb = {
  declare(command) {
    command.argument('[site]', 'a site’s directory, instead of the one in use')
  },
  async run(context, parsed) {
    const site = context.siteDirectory(parsed.args[0])
    refuseElsewhere(lookForDaemon(site))
    return becomeProgram('daemon', ['run', '--site', site])
  },
}
