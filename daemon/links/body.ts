// Bodies of calls: reading them within limits, writing answers and faults.
// Must never buffer more than limits.callBodyBytesMax of what a peer sends.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FaultBody } from '../../protocol/faults.ts'
import { escapeControls, Fault, fault, faultBody } from '../../protocol/faults.ts'
import { limits } from '../../protocol/limits.ts'
import type { Clock, Log } from '../../protocol/ports.ts'
import { parseJson } from '../../protocol/validation/parse.ts'

/** The JSON of a call's body; an empty body is an empty object. TOO_MANY when it is too large. */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of chunksOf(request)) {
    bytes += chunk.length
    if (bytes > limits.callBodyBytesMax) {
      throw fault('TOO_MANY', {
        what: 'bytes in a call',
        count: bytes,
        max: limits.callBodyBytesMax,
      })
    }
    chunks.push(chunk)
  }
  const text = Buffer.concat(chunks).toString('utf8')
  return text.trim() === '' ? {} : parseJson(text)
}

/**
 * A request's body in chunks. A break leaves the socket open, so that the peer can still be
 * answered; a peer that goes away before the end makes it throw.
 */
export async function* chunksOf(request: IncomingMessage): AsyncGenerator<Buffer, void, undefined> {
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    if (Buffer.isBuffer(chunk)) yield chunk
  }
}

/** An answer with a JSON document. */
export function sendJson(response: ServerResponse, status: number, document: unknown): void {
  const body = Buffer.from(`${JSON.stringify(document)}\n`)
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': body.length,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  })
  response.end(body)
}

/**
 * What a failure looks like over the wire. A fault with the fact `line` names that line; anything
 * that is no fault is a bug: it is logged, and the peer learns no more than that.
 */
export function failureDocument(
  error: unknown,
  log: Log,
): { readonly status: number; readonly body: FaultBody } {
  if (!(error instanceof Fault)) {
    log.error('a call hit a bug', { error: error instanceof Error ? error.stack : String(error) })
    const bug = fault('INTERNAL', { what: 'a call failed', log: 'log/balsamd.log' })
    return { status: bug.status, body: faultBody(bug) }
  }
  const body = faultBody(error)
  const line = error.facts['line']
  if (line === undefined) return { status: error.status, body }
  const message = `line ${line}: ${body.error.message}`
  return { status: error.status, body: { error: { ...body.error, message } } }
}

/**
 * Answers with a fault and takes the rest of the body, so that the peer gets to read the answer.
 */
export function sendFailure(
  request: IncomingMessage,
  response: ServerResponse,
  error: unknown,
  ports: { readonly clock: Clock; readonly log: Log },
): void {
  if (response.destroyed) return
  if (response.headersSent) {
    response.destroy()
    return
  }
  const { status, body } = failureDocument(error, ports.log)
  sendJson(response, status, body)
  if (request.complete) return
  request.on('error', () => undefined)
  request.resume()
  const timer = ports.clock.after(limits.discardMsMax, () => request.destroy())
  request.once('close', () => timer.cancel())
}

/** One line of an NDJSON stream. */
export function jsonLine(document: unknown): string {
  return `${JSON.stringify(document)}\n`
}

/** Text of a peer for a log line: short and without control characters. */
export function forLog(text: string | undefined): string {
  return escapeControls((text ?? '').slice(0, 200))
}
