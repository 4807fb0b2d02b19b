// Launchers' WebSockets: limits on an unknown peer, on a peer that doesn't read, and on their
// number. Must never hand a frame on before the transport has proven who sent it.
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import { WebSocketServer } from 'ws'
import { limits } from '../../protocol/limits.ts'
import type { Timer } from '../../protocol/ports.ts'
import { forLog } from './body.ts'
import type { Door, LauncherLink, LauncherPeer } from './door.ts'
import type { LinkPorts } from './server.ts'

/** Path of the upgrade. */
const launcherPath = '/launcher'

/** All launcher connections of this daemon. */
export interface LauncherLinks {
  /** Takes an upgrade request whose transport has proven `peer`. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, peer: LauncherPeer): void
  /** Connections now, and those of them that have not said hello. */
  counts(): { readonly all: number; readonly unaccepted: number }
  /** Closes every connection. */
  close(reason: string): void
}

/** Close codes of RFC 6455 that we use. */
const code = {
  goingAway: 1001,
  protocol: 1002,
  unsupported: 1003,
  policy: 1008,
  tooBig: 1009,
} as const

/** The launcher side of the links. */
export function launcherLinks(door: Door, ports: LinkPorts): LauncherLinks {
  const sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: limits.frameBytesMax,
  })
  const links = new Set<Link>()
  const unaccepted = (): number => [...links].filter((link) => !link.isAccepted()).length

  return {
    upgrade(request, socket, head, peer) {
      socket.on('error', () => undefined)
      const refused = refusal(request, links.size, unaccepted)
      if (refused !== null) {
        ports.log.warn('a launcher connection was refused', { why: refused })
        socket.end(`HTTP/1.1 ${refused}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
        return
      }
      sockets.handleUpgrade(request, socket, head, (ws) => {
        const link = openLink(ws, door, peer, ports, () => links.delete(link))
        links.add(link)
        link.start()
      })
    },
    counts: () => ({ all: links.size, unaccepted: unaccepted() }),
    close(reason) {
      for (const link of links) link.close(reason)
    },
  }
}

/** Status line that refuses an upgrade; null when it may go on. */
function refusal(request: IncomingMessage, all: number, unaccepted: () => number): string | null {
  if (request.headers.origin !== undefined) return '403 Forbidden'
  const path = URL.parse(request.url ?? '/', 'http://balsamd')?.pathname
  if (path !== launcherPath) return '404 Not Found'
  if (all >= limits.launchersMax) return '503 Service Unavailable'
  return unaccepted() >= limits.unauthenticatedSocketsMax ? '503 Service Unavailable' : null
}

/** A link of ours: what the core holds, and what the server asks it. */
interface Link extends LauncherLink {
  start(): void
  isAccepted(): boolean
}

function openLink(
  ws: WebSocket,
  door: Door,
  peer: LauncherPeer,
  ports: LinkPorts,
  onGone: () => void,
): Link {
  let isAccepted = false
  let isClosing = false
  let why = ''
  let helloTimer: Timer | null = null
  let pingTimer: Timer | null = null
  let closeTimer: Timer | null = null
  let isPongAwaited = false

  const shut = (closeCode: number, reason: string): void => {
    if (isClosing) return
    isClosing = true
    why = reason
    // The frame of a close holds at most 123 bytes of reason.
    ws.close(closeCode, forLog(reason).slice(0, 100))
    // ws itself waits 30 s for the peer's half; the core must not.
    closeTimer = ports.clock.after(limits.callsCloseMsMax, () => ws.terminate())
  }
  const drop = (reason: string): void => {
    isClosing = true
    why = reason
    ws.terminate()
  }
  const ping = (): void => {
    if (isPongAwaited) {
      drop('no answer to a ping')
      return
    }
    isPongAwaited = true
    ws.ping()
    pingTimer = ports.clock.after(limits.linkPingMs, ping)
  }

  const link: Link = {
    send(frame) {
      if (isClosing || ws.readyState !== ws.OPEN) return
      ws.send(frame, { binary: true })
      if (ws.bufferedAmount > limits.sendBufferCloseBytes) drop('the peer does not read')
    },
    bufferedBytes: () => ws.bufferedAmount,
    close: (reason) => shut(code.goingAway, reason),
    accept() {
      isAccepted = true
      helloTimer?.cancel()
    },
    isAccepted: () => isAccepted,
    start() {
      const handlers = door.launcherConnected(link, peer)
      helloTimer = ports.clock.after(limits.helloMsMax, () => shut(code.policy, 'no hello in time'))
      if (!peer.isLocal) pingTimer = ports.clock.after(limits.linkPingMs, ping)
      ws.on('pong', () => {
        isPongAwaited = false
      })
      ws.on('message', (data, isBinary) => {
        if (isClosing) return
        if (!isBinary || !Buffer.isBuffer(data)) {
          shut(code.unsupported, 'frames are binary')
          return
        }
        if (!isAccepted && data.length > limits.helloBytesMax) {
          shut(code.tooBig, 'the hello is too long')
          return
        }
        handlers.onFrame(data)
      })
      // An error of the protocol or the socket is always followed by close.
      ws.on('error', (error) => {
        why = error.message
      })
      ws.on('close', (closeCode, reason) => {
        isClosing = true
        helloTimer?.cancel()
        pingTimer?.cancel()
        closeTimer?.cancel()
        onGone()
        handlers.onClose(why === '' ? forLog(reason.toString() || `closed (${closeCode})`) : why)
      })
    },
  }
  return link
}
