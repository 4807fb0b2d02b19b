// The stream of events over the real socket: at once to who reads, a mark to who was slow.
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'
import type { SiteEvent } from '../../../protocol/calls.ts'
import { fakeDoor } from './fake-door.ts'
import { begin, call, responseOf, serve } from './server-fixture.ts'

type Tell = (events: readonly SiteEvent[]) => void

/** A door whose events are told by the test. */
function telling(): {
  readonly door: ReturnType<typeof fakeDoor>['door']
  readonly tell: Tell
  readonly listeners: Set<Tell>
} {
  const listeners = new Set<Tell>()
  const { door } = fakeDoor({
    events: (listener) => {
      listeners.add(listener)
      return () => {
        listeners.delete(listener)
      }
    },
  })
  const tell: Tell = (events) => {
    for (const listener of listeners) listener(events)
  }
  return { door, tell, listeners }
}

function eventsFrom(first: number, count: number): SiteEvent[] {
  return Array.from({ length: count }, (_, at) => ({
    first: first + at,
    last: first + at,
    workflow: 'w',
    from: 'RUNNING',
    to: 'JOB_FINISHED',
  }))
}

test('events come line by line, and nobody is told after the reader has gone', async () => {
  const { door, tell, listeners } = telling()
  await using served = await serve(door)
  const request = begin(served.socket, 'GET', '/v1/events')
  const answer = responseOf(request)
  request.end()
  const response = await answer
  response.on('error', () => undefined)
  const reader = createInterface({ input: response })
  const lines = reader[Symbol.asyncIterator]()
  tell(eventsFrom(1, 2))
  for (const event of eventsFrom(1, 2)) {
    const { value = '' } = await lines.next()
    expect(JSON.parse(value)).toEqual(event)
  }
  reader.close()
  request.destroy()
  while (listeners.size > 0) await call(served.socket, 'GET', '/v1/apps')
})

test('a slow reader holds nothing up, and is told that lines were left out', async () => {
  const { door, tell } = telling()
  await using served = await serve(door)
  const request = begin(served.socket, 'GET', '/v1/events')
  const answer = responseOf(request)
  request.end()
  const response = await answer
  response.on('error', () => undefined)
  response.pause()
  const count = 100_000
  for (let at = 0; at < count; at += 100) tell(eventsFrom(at + 1, 100))
  const heard: SiteEvent[] = []
  const lines = createInterface({ input: response })
  const gap = new Promise<SiteEvent>((resolve) => {
    lines.on('line', (line) => {
      const event = JSON.parse(line) as SiteEvent
      heard.push(event)
      if (event.is_gap === true) resolve(event)
    })
  })
  // What was sent before is read; then the next event tells of the gap.
  await once(lines, 'line')
  while (!heard.some((event) => event.is_gap)) {
    tell(eventsFrom(count + 1, 1))
    await call(served.socket, 'GET', '/v1/apps')
  }
  expect(await gap).toMatchObject({ first: count + 1, is_gap: true })
  expect(heard.length).toBeLessThan(count)
  lines.close()
  request.destroy()
})

test('changes, retries and apps reach the core as they were asked', async () => {
  const { door, seen } = fakeDoor()
  await using served = await serve(door)
  const { socket } = served
  const modify = { filter: { ids: [7] }, changes: { priority: 3, tags: { a: null } } }
  await call(socket, 'POST', '/v1/modify', JSON.stringify(modify))
  await call(socket, 'POST', '/v1/retry', '{"filter":{"states":["FAILED"]},"timeFactor":1.5}')
  await call(socket, 'PUT', '/v1/apps/SayHello', '{"executable":"echo hello"}')
  await call(socket, 'DELETE', '/v1/apps/SayHello?force=1')
  expect(seen.calls).toEqual([
    ['modify', modify],
    ['retry', { filter: { states: ['FAILED'] }, timeFactor: 1.5 }],
    ['putApp', expect.objectContaining({ name: 'SayHello', executable: 'echo hello' })],
    ['removeApp', 'SayHello', true],
  ])
})

test.each([
  ['{"filter":{},"changes":{"priorty":3}}', 'did you mean priority?'],
  ['{"filter":{},"changes":{"array":null}}', "can't be changed"],
  ['{"filter":{},"changes":{"state":"DONE"}}', 'is no state'],
  ['{"filter":{},"changes":{}}', 'nothing is to be changed'],
])('the change %s is refused: %s', async (body, said) => {
  const { door } = fakeDoor()
  await using served = await serve(door)
  const answer = await call(served.socket, 'POST', '/v1/modify', body)
  expect(answer.status).toBe(400)
  expect(answer.text).toContain(said)
})
