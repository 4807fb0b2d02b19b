// The HTTP server of the local socket: every call enters here, and launchers upgrade to WebSocket.
// Must never serve a browser: whatever carries an Origin is refused.

import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import { idempotencyHeader, paths } from '../../protocol/calls.ts'
import { fault } from '../../protocol/faults.ts'
import { limits } from '../../protocol/limits.ts'
import type { Clock, Log } from '../../protocol/ports.ts'
import { readJobQuery } from '../../protocol/validation/filter.ts'
import { checkFiltered } from '../../protocol/validation/requests.ts'
import { callVersions, clientVersionHeader, version } from '../../protocol/version.ts'
import { readJson, sendFailure, sendJson } from './body.ts'
import { answerCall } from './calls.ts'
import type { Door } from './door.ts'
import { streamEvents } from './events.ts'
import type { LauncherLinks } from './launcher-links.ts'
import { streamLines } from './lines-out.ts'
import { receiveSubmission } from './submission.ts'
import { streamWait } from './wait.ts'

/** What the links need besides the door. */
export interface LinkPorts {
  readonly clock: Clock
  readonly log: Log
}

/**
 * The server of the calls; not listening yet. `waits` holds the streams of waits under way, which
 * end only with their jobs: whoever closes the server cuts them, and clients wait on at the next.
 */
export function createCallServer(
  door: Door,
  launchers: LauncherLinks,
  ports: LinkPorts,
  waits: Set<ServerResponse>,
): Server {
  const server = createServer(
    {
      headersTimeout: limits.callHeadersMsMax,
      // A submission may stream for hours; silence is what ends it (below).
      requestTimeout: 0,
      noDelay: true,
    },
    (request, response) => {
      request.setTimeout(limits.callSilenceMsMax, () => {
        if (!request.complete) request.destroy()
      })
      handle(door, request, response, ports, waits).catch((error: unknown) => {
        sendFailure(request, response, error, ports)
      })
    },
  )
  server.on('upgrade', (request, socket, head) => {
    launchers.upgrade(request, socket, head, { allocationId: null, isLocal: true })
  })
  return server
}

async function handle(
  wholeDoor: Door,
  request: IncomingMessage,
  response: ServerResponse,
  ports: LinkPorts,
  waits: Set<ServerResponse>,
): Promise<void> {
  refuseBrowsers(request)
  refuseStrangers(request)
  const door = doorFor(wholeDoor, request)
  const url = urlOf(request)
  const method = request.method ?? 'GET'
  if (method === 'POST' && url.pathname === paths.submissions) {
    const key = idempotencyKey(request)
    sendJson(response, 200, await receiveSubmission(door, request, key, ports.clock))
    return
  }
  if (method === 'GET' && url.pathname === paths.wait) {
    waits.add(response)
    response.once('close', () => waits.delete(response))
    streamWait(door, readJobQuery(url.searchParams).filter, { request, response }, ports)
    return
  }
  if (method === 'GET' && url.pathname === paths.events) {
    waits.add(response)
    response.once('close', () => waits.delete(response))
    return streamEvents(door, response)
  }
  const body = method === 'POST' || method === 'PUT' ? await readJson(request) : {}
  if (method === 'POST' && url.pathname === paths.edges) {
    return streamLines(response, door.edges(checkFiltered(body)), ports.log)
  }
  if (method === 'POST' && url.pathname === paths.history) {
    return streamLines(response, door.history(checkFiltered(body)), ports.log)
  }
  const call = { method, path: url.pathname, query: url.searchParams, body }
  sendJson(response, 200, await answerCall(door, call))
}

/** A task on this host that calls with its token has a task's rights and no more. */
function doorFor(door: Door, request: IncomingMessage): Door {
  const { authorization } = request.headers
  if (authorization === undefined) return door
  const word = /^Bearer (\d{1,15})$/.exec(authorization)?.[1]
  if (word === undefined) throw fault('NOT_AUTHENTICATED')
  return door.forTask(Number(word))
}

/** The URL of a request; BAD_REQUEST when it is none. */
function urlOf(request: IncomingMessage): URL {
  const url = URL.parse(request.url ?? '/', 'http://balsamd')
  if (url === null) throw fault('BAD_REQUEST', { what: 'the URL is malformed' })
  return url
}

/** What a client of any version may ask: who serves here, and to make place for another daemon. */
const timeless: readonly string[] = [paths.status, paths.stop]

/** VERSION_MISMATCH for a client of ours that speaks another language than this daemon. */
function refuseStrangers(request: IncomingMessage): void {
  const said = request.headers[clientVersionHeader]
  if (typeof said !== 'string' || timeless.includes(urlOf(request).pathname)) return
  const [, spoken = '', build = ''] = /^(\d{1,6}) ([\w.+-]{1,40})$/.exec(said) ?? []
  if (Number(spoken) >= callVersions.oldest && Number(spoken) <= callVersions.newest) return
  throw fault('VERSION_MISMATCH', { client: build, daemon: version })
}

/** Web pages send an Origin and can't leave it out; our own programs never do. */
function refuseBrowsers(request: IncomingMessage): void {
  if (request.headers.origin === undefined && request.headers['sec-fetch-site'] === undefined)
    return
  throw fault('FORBIDDEN', { what: 'requests of web pages are refused' })
}

function idempotencyKey(request: IncomingMessage): string | null {
  const key = request.headers[idempotencyHeader]
  if (key === undefined) return null
  if (typeof key === 'string' && /^[\x21-\x7e]+$/.test(key)) {
    if (key.length <= limits.idempotencyKeyLengthMax) return key
  }
  const what = `must be 1 to ${limits.idempotencyKeyLengthMax} printable characters`
  throw fault('BAD_FIELD', { field: idempotencyHeader, what })
}
