// All of the daemon's links: the local socket with calls and launchers, and TLS where asked for.
// Opened once the core can answer; closed after the last answer is out.
import type { Server, ServerResponse } from 'node:http'
import { fault } from '../../protocol/faults.ts'
import { limits } from '../../protocol/limits.ts'
import type { Door } from './door.ts'
import { launcherLinks } from './launcher-links.ts'
import type { LinkPorts } from './server.ts'
import { createCallServer } from './server.ts'
import { bindSocket } from './socket.ts'
import type { TlsListener, TlsPlan } from './tls.ts'
import { openTls } from './tls.ts'

/** What to open. */
export interface LinksPlan {
  readonly door: Door
  readonly ports: LinkPorts
  /** From socketPath(). */
  readonly socket: string
  readonly uid: number
  /** The TCP listener; null: none, which is what a site needs whose launchers are on this host. */
  readonly tls?: TlsPlan | null
}

/** The open links. */
export interface Links {
  readonly socket: string
  /** Address of the TCP listener. */
  readonly tls: { readonly host: string; readonly port: number } | null
  launcherCount(): number
  /** Takes no new calls, lets those under way be answered, then closes everything. */
  close(reason: string): Promise<void>
}

/** Binds the socket and serves. Only the holder of the site may call this. */
export async function openLinks(plan: LinksPlan): Promise<Links> {
  const launchers = launcherLinks(plan.door, plan.ports)
  const waits = new Set<ServerResponse>()
  const server = createCallServer(plan.door, launchers, plan.ports, waits)
  const bound = await bindSocket(server, plan.socket, plan.uid)
  const tls = await openTlsOrClose(plan, launchers, () => {
    bound.remove()
    server.close()
    server.closeAllConnections()
  })
  return {
    socket: bound.path,
    tls: tls === null ? null : { host: tls.host, port: tls.port },
    launcherCount: () => launchers.counts().all,
    async close(reason) {
      bound.remove()
      launchers.close(reason)
      for (const wait of waits) wait.destroy()
      const servers = tls === null ? [server] : [server, tls.server]
      await Promise.all(servers.map((each) => closeServer(each, plan.ports)))
    },
  }
}

/** Without the listener that is asked for there are no links at all. LISTEN_FAILED. */
async function openTlsOrClose(
  plan: LinksPlan,
  launchers: ReturnType<typeof launcherLinks>,
  close: () => void,
): Promise<TlsListener | null> {
  if (!plan.tls) return null
  try {
    return await openTls(plan.tls, launchers, plan.ports)
  } catch (error) {
    close()
    const { host, port } = plan.tls
    const what = error instanceof Error ? error.message : String(error)
    throw fault('LISTEN_FAILED', { address: `${host}:${port}`, what })
  }
}

/** Resolves when the last connection is closed; those that don't end in time are cut. */
function closeServer(
  server: Pick<Server, 'close' | 'closeAllConnections' | 'closeIdleConnections'>,
  ports: LinkPorts,
): Promise<void> {
  return new Promise((resolve) => {
    const timer = ports.clock.after(limits.callsCloseMsMax, () => server.closeAllConnections())
    server.close(() => {
      timer.cancel()
      resolve()
    })
    server.closeIdleConnections()
  })
}
