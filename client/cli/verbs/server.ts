// balsam server: Balsam 0.3's words for what balsamd does.
import { fault } from '../../../protocol/faults.ts'
import { insideOf, lookForDaemon } from '../../sdk/reach.ts'
import { restartDaemonOf, startDaemonOf } from '../daemon-life.ts'
import { listConnections } from '../lists.ts'
import { declareLater } from '../options.ts'
import type { Context, Parsed, Verb } from '../verb.ts'

const actions: Readonly<Record<string, (context: Context, parsed: Parsed) => Promise<void>>> = {
  async connect(context) {
    const inside = insideOf(context.terminal.env)
    const isRunning = lookForDaemon(context.siteDirectory()).is === 'alive'
    if (inside !== undefined && !isRunning) throw fault('AUTOSTART_FORBIDDEN', { why: inside })
    const { server, wasRunning } = await startDaemonOf(
      context.siteDirectory(),
      context.terminal.env,
    )
    context.say(`balsam: balsamd ${wasRunning ? 'runs' : 'started'} (pid ${server.pid})`)
  },
  async reset(context) {
    const { server } = await restartDaemonOf(context.siteDirectory(), context.terminal.env)
    context.say(`balsam: balsamd restarted (pid ${server.pid})`)
  },
  listActiveConnections: listConnections,
  listUsers: unsupported,
  addUser: unsupported,
  dropUser: unsupported,
}

/** The verb. */
export const server: Verb = {
  declare(command) {
    command
      .option('--connect', 'start the daemon unless it runs (balsamd start)')
      .option('--reset', 'restart the daemon (balsamd restart); jobs go on')
      .option('--list-active-connections', 'the launchers that are connected')
    declareLater(command, ['--list-users', '--add-user <USER>', '--drop-user <USER>'])
  },
  async run(context, parsed) {
    const asked = Object.keys(actions).filter((name) => parsed.options[name] !== undefined)
    const action = actions[asked[0] ?? '']
    if (asked.length !== 1 || action === undefined) {
      const what = 'exactly one of --connect, --reset, --list-active-connections'
      throw fault('BAD_FLAG', { what, verb: 'server' })
    }
    await action(context, parsed)
    return 0
  },
}

async function unsupported(): Promise<void> {
  throw fault('UNSUPPORTED', { what: 'sharing a site with other users (balsam server --…-user)' })
}
