// The Unix socket that tasks of this node call: HTTP in, call frames out, by the task's token.
// Must never relay a call without the token of a task that this launcher holds.
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import { idempotencyHeader } from '../../../protocol/calls.ts'
import type { FaultCode, FaultFacts } from '../../../protocol/faults.ts'
import { fault, faultBody } from '../../../protocol/faults.ts'
import { limits } from '../../../protocol/limits.ts'
import type { Clock, Log } from '../../../protocol/ports.ts'
import type { Launcher } from '../core/launcher.ts'
import { bindPrivately } from './socket.ts'

/** What the relay needs of its launcher. */
export type RelayLauncher = Pick<Launcher, 'call' | 'holds'>

/** A relay that listens. */
export interface Relay {
  readonly socket: string
  close(): void
}

/** Listens on the socket; resolves when tasks can call. */
export async function openRelay(
  socket: string,
  launcher: RelayLauncher,
  ports: { readonly clock: Clock; readonly log: Log },
): Promise<Relay> {
  const server: Server = createServer((request, response) => {
    relay(request, response, launcher, ports.clock).catch((error: unknown) => {
      ports.log.warn('a call of a task could not be relayed', { error: String(error) })
      response.destroy()
    })
  })
  server.maxConnections = limits.relayConnectionsMax
  const bound = await bindPrivately(server, socket)
  return {
    socket,
    close() {
      server.close()
      server.closeAllConnections()
      bound.remove()
    },
  }
}

async function relay(
  request: IncomingMessage,
  response: ServerResponse,
  launcher: RelayLauncher,
  clock: Clock,
): Promise<void> {
  const token = tokenOf(request)
  if (token === null || !launcher.holds(token)) {
    refuse(response, 'NOT_AUTHENTICATED', {})
    return
  }
  const body = await bodyOf(request)
  if (body === null) {
    const max = limits.callBodyBytesMax
    refuse(response, 'TOO_MANY', { what: 'bytes in a call', count: max + 1, max })
    return
  }
  const timer = clock.after(limits.relayAnswerMsMax, () => {
    refuse(response, 'DAEMON_UNREACHABLE', { site: '', what: 'no answer in time' })
  })
  launcher.call(request.method ?? 'GET', pathOf(request), body, token, (status, answer) => {
    timer.cancel()
    reply(response, status, answer)
  })
}

/** A call frame has no headers: the one that counts goes along in the query. */
function pathOf(request: IncomingMessage): string {
  const path = request.url ?? '/'
  const key = request.headers[idempotencyHeader]
  if (typeof key !== 'string') return path
  return `${path}${path.includes('?') ? '&' : '?'}key=${encodeURIComponent(key)}`
}

/** The number in `authorization: Bearer N`. */
function tokenOf(request: IncomingMessage): number | null {
  const word = /^Bearer (\d{1,15})$/.exec(request.headers.authorization ?? '')?.[1]
  return word === undefined ? null : Number(word)
}

/** The whole body; null when it is too long. */
async function bodyOf(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request) {
    // A request without an encoding set gives Buffers.
    const piece = chunk as Buffer
    bytes += piece.length
    if (bytes > limits.callBodyBytesMax) return null
    chunks.push(piece)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function refuse(response: ServerResponse, code: FaultCode, facts: FaultFacts): void {
  const error = fault(code, facts)
  reply(response, error.status, JSON.stringify(faultBody(error)))
}

function reply(response: ServerResponse, status: number, body: string): void {
  if (response.writableEnded || response.destroyed) return
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(body)
}
