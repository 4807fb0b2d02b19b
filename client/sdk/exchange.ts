// One exchange with a daemon: a call out, a document or a stream of them in, faults as Faults.
// Must never retry: whether a call may be repeated is known by its caller only.
import type { FaultCode, FaultFacts } from '../../protocol/faults.ts'
import { type Fault, fault, faultCatalogue } from '../../protocol/faults.ts'
import { limits } from '../../protocol/limits.ts'
import { callVersions, clientVersionHeader, version } from '../../protocol/version.ts'
import type { ConnectionPool, HttpAnswer } from './http/connection.ts'
import { TransportFailure } from './http/connection.ts'

/** What to say to the daemon. */
export interface Exchange {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Path with query. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  /** Text at once, or lines that are sent as fast as they are taken. */
  readonly body?: string | AsyncIterable<string> | Iterable<string>
  /** Give up after this much silence; null: wait for ever. */
  readonly silenceMsMax?: number | null
  readonly signal?: AbortSignal
}

/**
 * Sends and resolves once the head of the answer is there. Rejects with a Fault when the daemon
 * says so, with TransportFailure when the connection fails.
 */
export async function exchange(
  socketPath: string,
  pool: ConnectionPool,
  what: Exchange,
): Promise<HttpAnswer> {
  const answer = await pool.send(socketPath, {
    method: what.method,
    path: what.path,
    headers: { ...headersFor(what), [clientVersionHeader]: ourVersion, ...what.headers },
    body: what.body,
    silenceMsMax: what.silenceMsMax === undefined ? limits.callSilenceMsMax : what.silenceMsMax,
    signal: what.signal,
  })
  if (answer.status < 400) return answer
  throw await faultOf(answer)
}

/** The answer's JSON document. What a daemon of our version says is believed. */
export async function jsonOf<T>(answer: HttpAnswer): Promise<T> {
  const text = await textOf(answer)
  try {
    // The border with our own daemon; checking here would cost the CLI a schema library.
    return JSON.parse(text) as T
  } catch {
    throw new TransportFailure('the answer is no JSON', true)
  }
}

/** The answer's NDJSON documents, one by one. */
export async function* linesOf<T>(answer: HttpAnswer): AsyncGenerator<T, void, undefined> {
  let rest = Buffer.alloc(0)
  for await (const chunk of answer.body()) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    const last = bytes.lastIndexOf(newline)
    rest = Buffer.from(bytes.subarray(last + 1))
    if (last < 0) continue
    const lines = bytes.toString('utf8', 0, last).split('\n')
    // What a daemon of our version says is believed.
    for (const line of lines) if (line !== '') yield documentOf(line) as T
  }
}

const newline = 10

const ourVersion = `${callVersions.newest} ${version}`

/** A line of a stream may also be a fault that happened after the head was sent. */
function documentOf(line: string): unknown {
  const value: unknown = JSON.parse(line)
  const refused = faultIn(value)
  if (refused !== undefined) throw refused
  return value
}

function headersFor(what: Exchange): Record<string, string> {
  if (what.body === undefined) return {}
  const isText = typeof what.body === 'string'
  return { 'content-type': isText ? 'application/json' : 'application/x-ndjson' }
}

async function textOf(answer: HttpAnswer): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of answer.body()) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

async function faultOf(answer: HttpAnswer): Promise<Fault> {
  const text = await textOf(answer)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    value = undefined
  }
  const what = `HTTP status ${answer.status}: ${text.slice(0, 200)}`
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
  const what = typeof error.message === 'string' ? error.message : error.code
  return fault('BAD_REQUEST', { what })
}
