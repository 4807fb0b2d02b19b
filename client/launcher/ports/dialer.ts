// Connections to the daemon: WebSocket over its Unix socket on this host, over TLS-PSK elsewhere.
// Must never put a key anywhere but into the handshake.
import { readFileSync } from 'node:fs'
import type { ConnectionOptions } from 'node:tls'
import type { ClientOptions } from 'ws'
import { WebSocket } from 'ws'
import type { AllocationFile } from '../../../protocol/allocation-file.ts'
import { limits } from '../../../protocol/limits.ts'
import type { Clock, FrameLink, Timer } from '../../../protocol/ports.ts'
import { pskTls } from '../../../protocol/psk.ts'
import type { Dialer, DialHandlers } from '../core/ports.ts'

/** Where the daemon of an allocation is. */
export type DaemonAddress = Pick<AllocationFile, 'socket' | 'tls'>

/** Compression costs more than it saves on short frames, and its state is memory for each peer. */
const common: ClientOptions = {
  perMessageDeflate: false,
  maxPayload: limits.frameBytesMax,
  handshakeTimeout: limits.helloMsMax,
}

/** A dialer to the daemon, which each time is looked for anew: the next one may be elsewhere. */
export function makeDialer(find: () => DaemonAddress, clock: Clock): Dialer {
  return {
    dial(handlers) {
      // A missing key or bad address is told as a broken link: it may be mended by the next try.
      try {
        const address = find()
        return link(connect(address), handlers, address.socket === null ? clock : null)
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error)
        clock.soon(() => handlers.onClose(reason))
        return { send: () => undefined, bufferedBytes: () => 0, close: () => undefined }
      }
    },
  }
}

function connect({ socket, tls }: DaemonAddress): WebSocket {
  if (socket !== null) return new WebSocket(`ws+unix:${socket}:/launcher`, common)
  if (tls === null) throw new Error('the allocation names neither socket nor address')
  const psk = Buffer.from(readFileSync(tls.keyFile, 'utf8').trim(), 'hex')
  // The types of ws leave out pskCallback, which it passes on to tls.connect.
  const options: ClientOptions & Pick<ConnectionOptions, 'pskCallback'> = {
    ...common,
    ...pskTls,
    pskCallback: () => ({ psk, identity: tls.identity }),
    // With a pre-shared key there is no certificate: who knows the key is the daemon.
    // false: no objection.
    checkServerIdentity: () => false,
  }
  const host = tls.host.includes(':') ? `[${tls.host}]` : tls.host
  return new WebSocket(`wss://${host}:${tls.port}/launcher`, options)
}

/** ws sets TCP_NODELAY by itself. pingClock: pings the peer, where networks forget connections. */
function link(ws: WebSocket, handlers: DialHandlers, pingClock: Clock | null): FrameLink {
  let why = ''
  let pingTimer: Timer | null = null
  let isPongAwaited = false
  const ping = (): void => {
    if (pingClock === null) return
    if (isPongAwaited) {
      why = 'no answer to a ping'
      ws.terminate()
      return
    }
    isPongAwaited = true
    ws.ping()
    pingTimer = pingClock.after(limits.linkPingMs, ping)
  }
  ws.on('open', () => {
    if (pingClock !== null) pingTimer = pingClock.after(limits.linkPingMs, ping)
    handlers.onOpen()
  })
  ws.on('pong', () => {
    isPongAwaited = false
  })
  ws.on('message', (data, isBinary) => {
    if (isBinary && Buffer.isBuffer(data)) handlers.onFrame(data)
    else ws.terminate()
  })
  // An error is always followed by close.
  ws.on('error', (error) => {
    why = error.message
  })
  ws.on('close', (code, reason) => {
    pingTimer?.cancel()
    handlers.onClose(why === '' ? reason.toString() || `closed (${code})` : why)
  })
  return {
    send(frame) {
      if (ws.readyState !== ws.OPEN) return
      ws.send(frame, { binary: true })
      if (ws.bufferedAmount > limits.sendBufferCloseBytes) {
        why = 'the daemon does not read'
        ws.terminate()
      }
    },
    bufferedBytes: () => ws.bufferedAmount,
    close(reason) {
      pingTimer?.cancel()
      // What was sent goes out before the close; the frame holds at most 123 bytes of reason.
      ws.close(1001, reason.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 100))
    },
  }
}
