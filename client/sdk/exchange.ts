// One HTTP exchange over a Unix socket: NDJSON or JSON out, a response in, faults as Faults.
// Must never retry: whether a call may be repeated is known by its caller only.

import type { ClientRequest, IncomingMessage } from 'node:http'
import { Agent, request as httpRequest } from 'node:http'
import type { FaultCode, FaultFacts } from '../../protocol/faults.ts'
import { Fault, fault, faultCatalogue } from '../../protocol/faults.ts'
import { limits } from '../../protocol/limits.ts'

/** What to say to the daemon. */
export interface Exchange {
  readonly method: 'GET' | 'POST'
  /** Path with query. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  /** Text at once, or lines that are sent as fast as they are taken. */
  readonly body?: string | AsyncIterable<string> | Iterable<string>
  /** Give up after this much silence; null: wait for ever. */
  readonly silenceMsMax?: number | null
  readonly signal?: AbortSignal
}

/** The connection failed: nothing is known of the call's effect unless `wasSent` is false. */
export class TransportFailure extends Error {
  readonly wasSent: boolean
  constructor(what: string, wasSent: boolean) {
    super(what)
    this.name = 'TransportFailure'
    this.wasSent = wasSent
  }
}

/** An agent that keeps connections for the next call; idle ones don't keep the process alive. */
export function makeAgent(): Agent {
  return new Agent({ keepAlive: true })
}

/**
 * Sends and resolves with the response once its head is there. Rejects with a Fault when the
 * daemon says so, with TransportFailure when the connection fails.
 */
export async function exchange(
  socketPath: string,
  agent: Agent,
  what: Exchange,
): Promise<IncomingMessage> {
  const options = {
    socketPath,
    // Without this TLS option the agent asks whether the host is an IP address: a pattern of 4 ms.
    servername: '',
    agent,
    method: what.method,
    path: what.path,
    headers: { ...headersFor(what), ...what.headers },
    ...(what.signal === undefined ? {} : { signal: what.signal }),
  }
  const request = httpRequest(options)
  const silenceMsMax = what.silenceMsMax === undefined ? limits.callSilenceMsMax : what.silenceMsMax
  if (silenceMsMax !== null) {
    request.setTimeout(silenceMsMax, () => {
      request.destroy(new Error(`no answer for ${Math.round(silenceMsMax / 1000)} s`))
    })
  }
  const answered = responseOf(request)
  // Answered early means refused: the rest of the body is then of no interest.
  const stopped = new AbortController()
  answered.catch(() => undefined).finally(() => stopped.abort())
  if (what.body !== undefined && typeof what.body !== 'string') {
    // A failing source of lines must fail the call; a failing connection rejects `answered`.
    await sendLines(request, what.body, stopped.signal).catch((error: unknown) => {
      request.destroy()
      throw error
    })
  } else request.end(what.body)
  const response = await answered
  if ((response.statusCode ?? 500) < 400) return response
  throw await faultOf(response)
}

/** The response's JSON document. What a daemon of our version says is believed. */
export async function jsonOf<T>(response: IncomingMessage): Promise<T> {
  const text = await textOf(response)
  try {
    // The border with our own daemon; checking here would cost the CLI a schema library.
    return JSON.parse(text) as T
  } catch {
    throw new TransportFailure('the answer broke off', true)
  }
}

/** The response's NDJSON documents, one by one. */
export async function* linesOf<T>(response: IncomingMessage): AsyncGenerator<T, void, undefined> {
  let rest = ''
  try {
    response.setEncoding('utf8')
    for await (const chunk of response) {
      const lines = `${rest}${String(chunk)}`.split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) if (line !== '') yield documentOf<T>(line)
    }
  } catch (error) {
    if (error instanceof Fault) throw error
    throw new TransportFailure(messageOf(error), true)
  }
}

/** A line of a stream may also be a fault that happened after the head was sent. */
function documentOf<T>(line: string): T {
  const value: unknown = JSON.parse(line)
  const refused = faultIn(value)
  if (refused !== undefined) throw refused
  return value as T
}

function headersFor(what: Exchange): Record<string, string | number> {
  if (what.body === undefined) return what.method === 'POST' ? { 'content-length': 0 } : {}
  if (typeof what.body === 'string') {
    return {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(what.body),
    }
  }
  return { 'content-type': 'application/x-ndjson' }
}

function responseOf(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((answer, fail) => {
    let wasConnected = false
    request.once('socket', (socket) => {
      wasConnected = !socket.connecting
      socket.once('connect', () => {
        wasConnected = true
      })
    })
    request.once('response', answer)
    request.once('error', (error) => {
      // A kept connection that the daemon had closed meanwhile never carried the call.
      const wasStale = request.reusedSocket && 'code' in error && error.code === 'ECONNRESET'
      fail(new TransportFailure(messageOf(error), wasConnected && !wasStale))
    })
  })
}

/** Lines are collected into pieces of this size, so that a line doesn't cost a system call. */
const pieceLength = 64 * 1024

async function sendLines(
  request: ClientRequest,
  lines: AsyncIterable<string> | Iterable<string>,
  stopped: AbortSignal,
): Promise<void> {
  let piece = ''
  for await (const line of lines) {
    if (stopped.aborted) return
    piece += `${line}\n`
    if (piece.length < pieceLength) continue
    if (!request.write(piece)) await drained(request, stopped)
    piece = ''
  }
  if (!stopped.aborted) request.end(piece)
}

function drained(request: ClientRequest, stopped: AbortSignal): Promise<void> {
  return new Promise((go) => {
    const done = (): void => {
      request.off('drain', done)
      stopped.removeEventListener('abort', done)
      go()
    }
    request.once('drain', done)
    stopped.addEventListener('abort', done)
    if (stopped.aborted) done()
  })
}

async function textOf(response: IncomingMessage): Promise<string> {
  response.setEncoding('utf8')
  let text = ''
  try {
    for await (const chunk of response) text += String(chunk)
  } catch (error) {
    throw new TransportFailure(messageOf(error), true)
  }
  return text
}

async function faultOf(response: IncomingMessage): Promise<Fault> {
  const text = await textOf(response)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    value = undefined
  }
  const what = `HTTP status ${response.statusCode ?? 0}: ${text.slice(0, 200)}`
  return faultIn(value) ?? fault('BAD_REQUEST', { what })
}

/** The Fault in a document that is a FaultBody; undefined for any other document. */
export function faultIn(value: unknown): Fault | undefined {
  if (typeof value !== 'object' || value === null || !('error' in value)) return undefined
  // A border: each field is looked at before it is used.
  const error = value.error as { code?: unknown; facts?: unknown; message?: unknown } | null
  if (typeof error !== 'object' || error === null || typeof error.code !== 'string')
    return undefined
  if (Object.hasOwn(faultCatalogue, error.code)) {
    return fault(error.code as FaultCode, (error.facts ?? {}) as FaultFacts)
  }
  // A newer daemon's code: its own words are the best that can be said.
  return fault('BAD_REQUEST', { what: String(error.message ?? error.code) })
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
