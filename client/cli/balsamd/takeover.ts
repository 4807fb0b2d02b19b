// balsamd takeover: serves a site whose recorded daemon is on another host, for good.
// The epoch keeps the other one from writing any more, should it still live.
import { fault } from '../../../protocol/faults.ts'
import { becomeProgram } from '../../sdk/programs.ts'
import { lookForDaemon } from '../../sdk/reach.ts'
import { isGiven } from '../options.ts'
import type { Verb } from '../verb.ts'

/** The verb. */
export const takeover: Verb = {
  declare(command) {
    command
      .argument('[site]', 'a site’s directory, instead of the one in use')
      .option('-y, --yes', 'the other host is gone for good')
  },
  async run(context, parsed) {
    const site = context.siteDirectory(parsed.args[0])
    const found = lookForDaemon(site)
    if (found.is === 'alive') throw fault('DAEMON_RUNNING', { pid: found.server.pid })
    if (found.is === 'elsewhere' && !isGiven(parsed, 'yes')) {
      const what = `taking the site over from ${found.server.host} (pid ${found.server.pid})`
      throw fault('NOT_CONFIRMED', { what })
    }
    return becomeProgram('daemon', ['takeover', '--site', site])
  },
}
