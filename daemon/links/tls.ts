// The TCP listener for launchers on other hosts: TLS with a key per allocation, nothing else.
// Must never pass a byte on before the handshake has proven the key, and never serve calls.

import type { Server } from 'node:https'
import { createServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { fault } from '../../protocol/faults.ts'
import { limits } from '../../protocol/limits.ts'
import { allocationOfIdentity, pskTls } from '../../protocol/psk.ts'
import type { KeyFiles } from '../ports/secrets.ts'
import { forLog, sendFailure } from './body.ts'
import type { LauncherLinks } from './launcher-links.ts'
import type { LinkPorts } from './server.ts'

/** What the listener needs. */
export interface TlsPlan {
  /** Address of the interface to listen on. */
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  readonly siteId: string
  readonly keys: Pick<KeyFiles, 'keyOf'>
}

/** The listening server and its address. */
export interface TlsListener {
  readonly server: Server
  readonly host: string
  readonly port: number
}

/** Listens. Rejects with what the system says when the address can't be had. */
export async function openTls(
  plan: TlsPlan,
  launchers: LauncherLinks,
  ports: LinkPorts,
): Promise<TlsListener> {
  const proven = new WeakMap<object, number>()
  const server = createServer({
    ...pskTls,
    handshakeTimeout: limits.helloMsMax,
    headersTimeout: limits.callHeadersMsMax,
    noDelay: true,
    pskCallback(socket, identity) {
      const allocationId = allocationOfIdentity(plan.siteId, identity)
      const key = allocationId === null ? null : plan.keys.keyOf(allocationId)
      if (allocationId === null || key === null) {
        ports.log.warn('a launcher showed an unknown identity', { identity: forLog(identity) })
        return null
      }
      // Set before the handshake ends, but only a socket that ends it comes further.
      proven.set(socket, allocationId)
      return key.bytes()
    },
  })
  limitHandshakes(server, ports)
  server.on('request', (request, response) => {
    response.setHeader('connection', 'close')
    const refused = fault('FORBIDDEN', { what: 'calls are only answered on the local socket' })
    sendFailure(request, response, refused, ports)
  })
  server.on('upgrade', (request, socket, head) => {
    const allocationId = proven.get(socket)
    if (allocationId === undefined) {
      socket.destroy()
      return
    }
    launchers.upgrade(request, socket, head, { allocationId, isLocal: false })
  })
  return { server, ...(await listen(server, plan)) }
}

/** Refuses connections beyond what may be shaking hands at once, and notes failed handshakes. */
function limitHandshakes(server: Server, ports: LinkPorts): void {
  const pending = new Set<string>()
  server.prependListener('connection', (socket: Socket) => {
    if (pending.size >= limits.unauthenticatedSocketsMax) {
      socket.destroy()
      return
    }
    const peer = peerOf(socket)
    pending.add(peer)
    socket.once('close', () => pending.delete(peer))
  })
  server.on('secureConnection', (socket: TLSSocket) => pending.delete(peerOf(socket)))
  server.on('tlsClientError', (error) => {
    ports.log.warn('a launcher did not prove its key', { why: forLog(error.message) })
  })
}

/** The raw and the TLS socket of one connection have this in common. */
function peerOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort}`
}

async function listen(server: Server, plan: TlsPlan): Promise<{ host: string; port: number }> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: plan.host, port: plan.port }, () => {
      server.off('error', reject)
      resolve()
    })
  })
  const address = server.address()
  return { host: plan.host, port: isTcp(address) ? address.port : plan.port }
}

function isTcp(address: AddressInfo | string | null): address is AddressInfo {
  return address !== null && typeof address === 'object'
}
