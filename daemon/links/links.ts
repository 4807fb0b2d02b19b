// All of the daemon's links: the local socket with calls and launchers, and TLS where asked for.
// Opened once the core can answer; closed after the last answer is out.
import type { Server } from 'node:http'
import { limits } from '../../protocol/limits.ts'
import type { Door } from './door.ts'
import { launcherLinks } from './launcher-links.ts'
import type { LinkPorts } from './server.ts'
import { createCallServer } from './server.ts'
import { bindSocket } from './socket.ts'

/** What to open. */
export interface LinksPlan {
  readonly door: Door
  readonly ports: LinkPorts
  /** From socketPath(). */
  readonly socket: string
  readonly uid: number
}

/** The open links. */
export interface Links {
  readonly socket: string
  launcherCount(): number
  /** Takes no new calls, lets those under way be answered, then closes everything. */
  close(reason: string): Promise<void>
}

/** Binds the socket and serves. Only the holder of the site may call this. */
export async function openLinks(plan: LinksPlan): Promise<Links> {
  const launchers = launcherLinks(plan.door, plan.ports)
  const server = createCallServer(plan.door, launchers, plan.ports)
  const bound = await bindSocket(server, plan.socket, plan.uid)
  return {
    socket: bound.path,
    launcherCount: () => launchers.counts().all,
    async close(reason) {
      bound.remove()
      launchers.close(reason)
      await closeServer(server, plan.ports)
    },
  }
}

/** Resolves when the last connection is closed; those that don't end in time are cut. */
export function closeServer(server: Server, ports: LinkPorts): Promise<void> {
  return new Promise((resolve) => {
    const timer = ports.clock.after(limits.callsCloseMsMax, () => server.closeAllConnections())
    server.close(() => {
      timer.cancel()
      resolve()
    })
    server.closeIdleConnections()
  })
}
