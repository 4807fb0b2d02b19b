// Calls over the real socket: what is answered, what is refused and with which fault.
import { expect, test } from 'vitest'
import { openLinks } from '../../../daemon/links/links.ts'
import { realClock } from '../../../daemon/ports/clock.ts'
import { fault } from '../../../protocol/faults.ts'
import { callVersions, clientVersionHeader, version } from '../../../protocol/version.ts'
import { fakeDoor } from './fake-door.ts'
import { answerOf, begin, call, memoryLog, responseOf, serve } from './server-fixture.ts'

test('a list is one document with schema, items, total and truncated', async () => {
  const { door } = fakeDoor()
  await using served = await serve(door)
  const answer = await call(served.socket, 'GET', '/v1/apps')
  expect(answer.body).toEqual({ schema: 'balsam.apps/1', items: [], total: 0, truncated: false })
})

test('the conditions of a query reach the core as a filter', async () => {
  const { door, seen } = fakeDoor()
  await using served = await serve(door)
  const query = 'ids=7,100-200&workflow=w%20x&state=running,FAILED&after=5&limit=20'
  expect((await call(served.socket, 'GET', `/v1/jobs?${query}`)).status).toBe(200)
  const filter = { ids: [7], ranges: [[100, 200]], workflow: 'w x', states: ['RUNNING', 'FAILED'] }
  expect(seen.calls).toEqual([['list', filter, 5, 20]])
})

test.each([
  ['GET', '/v1/jobs?stat=RUNNING', '', 400, 'BAD_FIELD'],
  ['GET', '/v1/jobs?state=DONE', '', 400, 'BAD_FIELD'],
  ['GET', '/v1/jobs?limit=1000000', '', 413, 'TOO_MANY'],
  ['GET', '/v1/jobs/17', '', 404, 'JOB_UNKNOWN'],
  ['GET', '/v1/jobs/%ff', '', 400, 'BAD_REQUEST'],
  ['GET', '/v1/nothing', '', 404, 'CALL_UNKNOWN'],
  ['GET', '/v1/kill', '', 404, 'CALL_UNKNOWN'],
  ['GET', '//', '', 400, 'BAD_REQUEST'],
  ['POST', '/v1/kill', '{"filter":{"state":"RUNNING"}}', 400, 'BAD_FIELD'],
  ['POST', '/v1/kill', '{"filter":', 400, 'BAD_REQUEST'],
  ['POST', '/v1/kill', '', 400, 'BAD_FIELD'],
  ['POST', '/v1/apps', '{"name":"a"}', 400, 'EMPTY_EXECUTABLE'],
  ['POST', '/v1/apps', '{"name":"a/b","executable":"x"}', 400, 'BAD_NAME'],
  ['POST', '/v1/allocations/9/cancel', '', 404, 'ALLOCATION_UNKNOWN'],
  ['POST', '/v1/backup', '{"file":"here.db"}', 400, 'BAD_FIELD'],
  ['POST', '/v1/submissions', '', 400, 'BAD_REQUEST'],
  ['POST', '/v1/kill', `"${'x'.repeat(1_100_000)}"`, 413, 'TOO_MANY'],
])('%s %s %.40s is refused with %i %s', async (method, path, body, status, code) => {
  const { door } = fakeDoor()
  await using served = await serve(door)
  const answer = await call(served.socket, method, path, body)
  expect(answer).toMatchObject({ status, body: { error: { code } } })
})

test('whatever a web page sends is refused', async () => {
  const { door, seen } = fakeDoor()
  await using served = await serve(door)
  for (const headers of [{ origin: 'http://evil' }, { 'sec-fetch-site': 'cross-site' }]) {
    const answer = await call(served.socket, 'POST', '/v1/stop', '{"mode":"stop"}', headers)
    expect(answer.body).toMatchObject({ error: { code: 'FORBIDDEN' } })
  }
  expect(seen.calls).toEqual([])
})

test('a bug in the core is logged, and its peer learns no details', async () => {
  const { door } = fakeDoor({ tally: () => Promise.reject(new Error('secret detail')) })
  await using served = await serve(door)
  const answer = await call(served.socket, 'GET', '/v1/tally')
  expect(answer.status).toBe(500)
  expect(answer.text).not.toContain('secret detail')
  expect(served.log.lines.join()).toContain('secret detail')
})

test('a wait ends with its last line, however much news came before', async () => {
  const { door, seen } = fakeDoor()
  await using served = await serve(door)
  const request = begin(served.socket, 'GET', '/v1/wait?workflow=w')
  const arrived = responseOf(request)
  request.end()
  while (seen.waits.length === 0) await call(served.socket, 'GET', '/v1/apps')
  const wait = seen.waits[0]
  const progress = { states: {}, launchers: 1, pending_allocations: 0 }
  for (let total = 0; total < 1_000; total += 1) {
    wait?.listener.onProgress({ ...progress, total, is_done: false })
  }
  wait?.listener.onProgress({ ...progress, total: 1_000, is_done: true })
  let text = ''
  for await (const chunk of await arrived) text += String(chunk)
  const lines = text.trim().split('\n')
  expect(lines.map((line): unknown => JSON.parse(line))).toMatchObject([
    { total: 0 },
    { total: 1_000 },
  ])
  expect(wait?.filter).toEqual({ workflow: 'w' })
  expect(wait?.isCancelled).toBe(true)
})

test('a wait is cancelled when its peer goes away', async () => {
  const { door, seen } = fakeDoor()
  await using served = await serve(door)
  const request = begin(served.socket, 'GET', '/v1/wait')
  request.on('error', () => undefined)
  request.end()
  while (seen.waits.length === 0) await call(served.socket, 'GET', '/v1/apps')
  request.destroy()
  while (seen.waits[0]?.isCancelled === false) await call(served.socket, 'GET', '/v1/apps')
  expect(seen.waits[0]?.isCancelled).toBe(true)
})

test('a wait that can not begin is answered with its fault', async () => {
  const { door, seen } = fakeDoor()
  const { fault } = await import('../../../protocol/faults.ts')
  await using served = await serve({
    ...door,
    wait: (filter, listener) => {
      listener.onFault(fault('NOTHING_MATCHED'))
      return door.wait(filter, listener)
    },
  })
  const answer = await call(served.socket, 'GET', '/v1/wait')
  expect(answer).toMatchObject({ status: 404, body: { error: { code: 'NOTHING_MATCHED' } } })
  expect(seen.waits[0]?.isCancelled).toBe(true)
})

test('a call under way is answered although the links are closing', async () => {
  const { promise: gate, resolve: open } = Promise.withResolvers<void>()
  const { promise: asked, resolve: onAsked } = Promise.withResolvers<void>()
  const { door } = fakeDoor({
    stop: async () => {
      onAsked()
      await gate
    },
  })
  const served = await serve(door)
  const request = begin(served.socket, 'POST', '/v1/stop')
  const arrived = responseOf(request)
  request.end('{"mode":"stop"}')
  await asked
  const closed = served.links.close('stopping')
  open()
  expect((await answerOf(await arrived)).status).toBe(200)
  await closed
  await served[Symbol.asyncDispose]()
})

test("a later daemon's socket survives the end of an earlier one", async () => {
  const { door } = fakeDoor()
  const earlier = await serve(door)
  const { socket } = earlier
  const plan = { door, ports: { clock: realClock(), log: memoryLog() } }
  const later = await openLinks({ ...plan, socket, uid: process.getuid?.() ?? 0 })
  await earlier.links.close('taken over')
  expect((await call(socket, 'GET', '/v1/apps')).status).toBe(200)
  await later.close('the test is over')
  await earlier[Symbol.asyncDispose]()
})

test('a client of another call language is told both versions and what to do', async () => {
  const { door } = fakeDoor()
  await using served = await serve(door)
  const as = (said: string, path: string) =>
    call(served.socket, 'GET', path, '', { [clientVersionHeader]: said })
  for (const said of [`${callVersions.newest + 1} 9.0.0`, '0 0.0.1', 'nonsense']) {
    const answer = await as(said, '/v1/apps')
    expect(answer).toMatchObject({
      status: 409,
      body: { error: { code: 'VERSION_MISMATCH', facts: { daemon: version } } },
    })
  }
  expect((await as(`${callVersions.newest} 0.0.1`, '/v1/apps')).status).toBe(200)
})

test('a client of any version may ask who serves, and restart it', async () => {
  const { door } = fakeDoor({ status: async () => Promise.reject(fault('DRAINING')) })
  await using served = await serve(door)
  const newer = { [clientVersionHeader]: '99 9.0.0' }
  expect((await call(served.socket, 'GET', '/v1/status', '', newer)).status).toBe(503)
  const stopped = await call(served.socket, 'POST', '/v1/stop', '{"mode":"restart"}', newer)
  expect(stopped.text).not.toContain('VERSION_MISMATCH')
})
