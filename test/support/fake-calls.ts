// A daemon that only speaks HTTP on a Unix socket and says what a test tells it to.
// Must never start anything; its server.json claims this test's own process.
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startTimeOf, thisHost } from '../../client/sdk/host.ts'
import { makeSite } from '../../client/sdk/site.ts'
import { fileText } from '../../protocol/site-files.ts'

/** Answers one call. */
export type Answer = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>

/** A site whose server.json points to the fake. */
export interface FakeCalls {
  readonly site: string
  /** `METHOD /path?query` of every call, in order. */
  readonly heard: string[]
  /** What the following calls get. */
  answer: Answer
  listen(): Promise<void>
  /** Stops listening and cuts all connections; server.json stays. */
  close(): Promise<void>
  announce(pid?: number): void
  unannounce(): void
}

/** Makes the site and listens. */
export async function fakeCalls(): Promise<FakeCalls> {
  const base = realpathSync(mkdtempSync(join(tmpdir(), 'balsam-fake-')))
  const site = makeSite(join(base, 'site'))
  const socket = join(base, 's.sock')
  const heard: string[] = []
  const server = createServer((request, response) => {
    heard.push(`${request.method ?? ''} ${request.url ?? ''}`)
    void fake.answer(request, response)
  })
  const fake: FakeCalls = {
    site,
    heard,
    answer: (_, response) => sendJson(response, {}),
    async listen() {
      rmSync(socket, { force: true })
      await new Promise<void>((ready) => server.listen(socket, ready))
    },
    async close() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
    announce(pid = process.pid) {
      const { host, bootId } = thisHost()
      const startTime = startTimeOf(pid) ?? 0
      const rest = { siteId: '', epoch: 1, version: '0.1.0', startedAt: '' }
      const record = { ...rest, host, bootId, pid, startTime, socket }
      writeFileSync(join(site, 'server.json'), fileText(record))
    },
    unannounce: () => rmSync(join(site, 'server.json'), { force: true }),
  }
  await fake.listen()
  fake.announce()
  return fake
}

/** An answer with a JSON document. */
export function sendJson(response: ServerResponse, document: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(`${JSON.stringify(document)}\n`)
}

/** All that a call sent. */
export async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  return text
}
