// Tasks' calls through their launcher's socket: real HTTP on a real socket.
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { AnswerHandler } from '../../../../client/launcher/core/ports.ts'
import { realClock } from '../../../../client/launcher/ports/clock.ts'
import { openRelay } from '../../../../client/launcher/relay/relay.ts'
import { relaySocketPath } from '../../../../client/launcher/relay/socket.ts'
import { limits } from '../../../../protocol/limits.ts'

const silent = () => undefined
const log = { debug: silent, info: silent, warn: silent, error: silent }

async function relayWorld() {
  const directory = mkdtempSync(join(tmpdir(), 'balsam-relay-'))
  const calls: unknown[][] = []
  let answer: readonly [number, string] = [200, '{"ok":true}']
  const relay = await openRelay(
    join(directory, 'balsam', 'r.task'),
    {
      holds: (token) => token === 7,
      call(method, path, body, token, reply: AnswerHandler) {
        calls.push([method, path, body, token])
        reply(...answer)
      },
    },
    { clock: realClock(), log },
  )
  onTestFinished(() => {
    relay.close()
    rmSync(directory, { recursive: true })
  })
  return { relay, calls, answers: (next: typeof answer) => (answer = next) }
}

function call(socketPath: string, path: string, token: string, body = '') {
  const found = Promise.withResolvers<{ status: number | undefined; text: string }>()
  const method = body === '' ? 'GET' : 'POST'
  const headers = { authorization: `Bearer ${token}` }
  const sent = request({ socketPath, path, method, headers }, (response) => {
    let text = ''
    response.setEncoding('utf8')
    response.on('data', (piece: string) => (text += piece))
    response.on('end', () => found.resolve({ status: response.statusCode, text }))
  })
  sent.on('error', found.reject)
  sent.end(body)
  return found.promise
}

test('a call of a held task is relayed with method, path, body and token', async () => {
  const { relay, calls } = await relayWorld()
  expect(await call(relay.socket, '/v1/jobs?name=a', '7', '{"a":1}')).toEqual({
    status: 200,
    text: '{"ok":true}',
  })
  expect(calls).toEqual([['POST', '/v1/jobs?name=a', '{"a":1}', 7]])
})

test('the daemon’s status and body come back as they are', async () => {
  const { relay, answers } = await relayWorld()
  answers([404, '{"error":1}'])
  expect(await call(relay.socket, '/v1/jobs/9', '7')).toEqual({ status: 404, text: '{"error":1}' })
})

test('a call without the token of a held task is refused and not relayed', async () => {
  const { relay, calls } = await relayWorld()
  expect((await call(relay.socket, '/v1/status', '8')).status).toBe(401)
  expect((await call(relay.socket, '/v1/status', 'x')).status).toBe(401)
  expect(calls).toEqual([])
})

test('a body beyond the limit is refused and not relayed', async () => {
  const { relay, calls } = await relayWorld()
  const body = 'x'.repeat(limits.callBodyBytesMax + 1)
  expect((await call(relay.socket, '/v1/jobs', '7', body)).status).toBe(413)
  expect(calls).toEqual([])
})

test('the socket is for its user alone, and gone after close', async () => {
  const { relay } = await relayWorld()
  expect(statSync(relay.socket).mode & 0o777).toBe(0o600)
  expect(statSync(join(relay.socket, '..')).mode & 0o777).toBe(0o700)
  relay.close()
  expect(statSync(relay.socket, { throwIfNoEntry: false })).toBeUndefined()
})

test('each node of an allocation has a socket of its own, within the limit of the system', () => {
  const paths = [0, 1].map((node) => relaySocketPath('site:1', node, undefined))
  expect(new Set(paths).size).toBe(2)
  for (const path of paths) expect(path.length).toBeLessThanOrEqual(limits.socketPathBytesMax)
})
