// Opens real links on a real socket in a throw-away directory, and talks HTTP to them.
import { mkdtempSync, rmSync } from 'node:fs'
import type { ClientRequest, IncomingMessage } from 'node:http'
import { request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Door } from '../../../daemon/links/door.ts'
import type { Links, LinksPlan } from '../../../daemon/links/links.ts'
import { openLinks } from '../../../daemon/links/links.ts'
import { realClock } from '../../../daemon/ports/clock.ts'
import type { Log } from '../../../protocol/ports.ts'

/** A log that keeps its lines. */
export function memoryLog(): Log & { readonly lines: string[] } {
  const lines: string[] = []
  const add =
    (level: string) =>
    (what: string, facts: Readonly<Record<string, unknown>> = {}): void => {
      lines.push(`${level} ${what} ${JSON.stringify(facts)}`)
    }
  return { lines, debug: add('debug'), info: add('info'), warn: add('warn'), error: add('error') }
}

/** Open links and how to end them. */
export interface Served {
  readonly socket: string
  readonly directory: string
  readonly links: Links
  readonly log: ReturnType<typeof memoryLog>
  [Symbol.asyncDispose](): Promise<void>
}

/** Serves a door. */
export async function serve(door: Door, more: Partial<LinksPlan> = {}): Promise<Served> {
  const directory = mkdtempSync(join(tmpdir(), 'bl-'))
  const socket = join(directory, 's', 'd.sock')
  const log = memoryLog()
  const ports = { clock: realClock(), log }
  const links = await openLinks({ door, ports, socket, uid: process.getuid?.() ?? 0, ...more })
  return {
    socket,
    directory,
    links,
    log,
    async [Symbol.asyncDispose]() {
      await links.close('the test is over')
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** An answer with its parsed JSON. */
export interface Answer {
  readonly status: number
  readonly body: unknown
  readonly text: string
}

/** Begins a request over the socket. */
export function begin(
  socket: string,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): ClientRequest {
  return httpRequest({ socketPath: socket, method, path, headers, agent: false })
}

/** The response of a request. */
export function responseOf(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once('response', resolve)
    request.once('error', reject)
  })
}

/** The whole answer of a response. */
export async function answerOf(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = []
  for await (const chunk of response) if (Buffer.isBuffer(chunk)) chunks.push(chunk)
  const text = Buffer.concat(chunks).toString('utf8')
  const body: unknown = text === '' ? null : JSON.parse(text)
  return { status: response.statusCode ?? 0, body, text }
}

/** One call from begin to end. */
export async function call(
  socket: string,
  method: string,
  path: string,
  body: string | Buffer = '',
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const request = begin(socket, method, path, headers)
  const response = responseOf(request)
  request.end(body)
  return await answerOf(await response)
}
