// Submissions over the real socket: order, faults with their line, back-pressure, and the speed
// promised.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { submissionIntake } from '../../../daemon/links/submission.ts'
import { realClock } from '../../../daemon/ports/clock.ts'
import { fault } from '../../../protocol/faults.ts'
import type { Clock } from '../../../protocol/ports.ts'
import { fakeDoor } from './fake-door.ts'
import { answerOf, begin, call, responseOf, serve } from './server-fixture.ts'

const job = (name: string, more: object = {}): string =>
  `${JSON.stringify({ name, command: ['true'], ...more })}\n`

test('a submission hands on every line in order and answers with the receipt', async () => {
  const { door, seen } = fakeDoor()
  await using served = await serve(door)
  const body = Array.from({ length: 1_234 }, (_, i) => job(`j${i}`)).join('')
  const answer = await call(served.socket, 'POST', '/v1/submissions', body)
  expect(answer.body).toMatchObject({ schema: 'balsam.submission/1', total: 1_234 })
  expect(seen.requests.map((each) => each.name)).toEqual(
    Array.from({ length: 1_234 }, (_, i) => `j${i}`),
  )
  expect(seen.digests).toEqual([createHash('sha256').update(body).digest('hex')])
})

test('what is left out of a line has its default', async () => {
  const { door, seen } = fakeDoor()
  await using served = await serve(door)
  await call(served.socket, 'POST', '/v1/submissions', '{"name":"a","command":["echo","ä"]}')
  expect(seen.requests[0]).toEqual({
    name: 'a',
    workflow: 'default',
    application: null,
    args: '',
    command: ['echo', 'ä'],
    description: '',
    environment: {},
    resources: {},
    priority: 0,
    maxRetries: 0,
    wallTimeMinutes: 1,
    output: { to: 'workdir' },
    cwd: '/',
    array: null,
  })
})

test('a bad line is named with its number, and nothing is accepted', async () => {
  const { door, seen } = fakeDoor()
  await using served = await serve(door)
  const body = `${job('a')}\n${job('b')}${job('c/d')}${job('e')}`
  const answer = await call(served.socket, 'POST', '/v1/submissions', body)
  expect(answer.status).toBe(400)
  expect(answer.body).toMatchObject({
    error: { code: 'BAD_NAME', facts: { line: 4 }, message: expect.stringContaining('line 4: ') },
  })
  expect([seen.abandoned, seen.finished]).toEqual([1, 0])
})

test('a request that the core refuses is named by its line', async () => {
  const { door } = fakeDoor({
    beginSubmission: () => ({
      push: async (requests) => {
        const index = requests.findIndex((each) => each.application !== null)
        if (index >= 0) throw fault('APP_UNKNOWN', { name: 'x', hint: '', index })
      },
      finish: () => Promise.reject(new Error('not reached')),
      abandon: () => undefined,
    }),
  })
  await using served = await serve(door)
  const body = `${job('a')}\n\n${job('b', { command: null, application: 'x' })}`
  const answer = await call(served.socket, 'POST', '/v1/submissions', body)
  expect(answer.body).toMatchObject({ error: { code: 'APP_UNKNOWN', facts: { line: 4 } } })
})

test('a peer that goes away before the end has submitted nothing', async () => {
  const { promise: abandoned, resolve } = Promise.withResolvers<void>()
  const { door, seen } = fakeDoor()
  const submission = door.beginSubmission
  await using served = await serve({
    ...door,
    beginSubmission: (key) => ({ ...submission(key), abandon: resolve }),
  })
  const request = begin(served.socket, 'POST', '/v1/submissions')
  request.on('error', () => undefined)
  request.write(job('a'))
  await once(request, 'socket')
  request.write(job('b'), () => request.destroy())
  await abandoned
  expect(seen.finished).toBe(0)
})

test('an upload that is refused early still lets its peer read why', async () => {
  const { door } = fakeDoor()
  await using served = await serve(door)
  const request = begin(served.socket, 'POST', '/v1/submissions')
  const response = responseOf(request)
  request.write('nonsense\n')
  const filler = Buffer.from(job('a').repeat(200_000))
  request.end(filler)
  const answer = await answerOf(await response)
  expect(answer.body).toMatchObject({ error: { code: 'BAD_REQUEST', facts: { line: 1 } } })
})

test('a core that is busy holds the upload back', async () => {
  const { promise: gate, resolve: open } = Promise.withResolvers<void>()
  const { promise: firstPush, resolve: onPush } = Promise.withResolvers<void>()
  let pushed = 0
  const { door } = fakeDoor({
    beginSubmission: () => ({
      push: async (requests) => {
        pushed += requests.length
        onPush()
        await gate
      },
      finish: async () => ({
        schema: 'balsam.submission/1',
        ranges: [],
        total: pushed,
        isRepeat: false,
      }),
      abandon: () => undefined,
    }),
  })
  await using served = await serve(door)
  const request = begin(served.socket, 'POST', '/v1/submissions')
  const response = responseOf(request)
  request.end(job('a').repeat(200_000))
  await firstPush
  // Other calls go on meanwhile, and give the upload every chance to be taken.
  for (let i = 0; i < 50; i += 1) await call(served.socket, 'GET', '/v1/apps')
  expect(pushed).toBe(500)
  expect(request.socket?.bytesWritten).toBeLessThan(8_000_000)
  open()
  expect((await answerOf(await response)).status).toBe(200)
  expect(pushed).toBe(200_000)
})

test('100,000 different lines cost at most a second of CPU, client included', async () => {
  const { door, seen } = fakeDoor()
  await using served = await serve(door)
  const body = Buffer.from(manyLines(100_000).join('\n'))
  const before = process.cpuUsage()
  const answer = await call(served.socket, 'POST', '/v1/submissions', body)
  const used = process.cpuUsage(before)
  expect(answer.body).toMatchObject({ total: 100_000 })
  expect(seen.requests).toHaveLength(100_000)
  // 0.66 s when this was written; the margin is for a machine that runs other tests beside.
  expect((used.user + used.system) / 1_000).toBeLessThan(1_500)
})

test('between two looks at the event loop a submission never computes for 20 ms', async () => {
  const { door } = fakeDoor()
  const slicesMs: number[] = []
  // CPU time and not wall time: other processes on the machine are not what is measured.
  let before = process.threadCpuUsage()
  const clock: Clock = {
    ...realClock(),
    soon: (next) => {
      const used = process.threadCpuUsage(before)
      slicesMs.push((used.user + used.system) / 1_000)
      setImmediate(() => {
        before = process.threadCpuUsage()
        next()
      })
    },
  }
  const lines = manyLines(100_000)
  const intake = submissionIntake(door.beginSubmission(null), clock)
  before = process.threadCpuUsage()
  await intake.take(lines)
  expect(slicesMs).toHaveLength(200)
  // The first one pays for the compiler.
  expect(Math.max(...slicesMs.slice(1))).toBeLessThan(20)
})

function manyLines(count: number): string[] {
  return Array.from({ length: count }, (_, i) =>
    job(`job${i}`, {
      workflow: 'many',
      command: ['echo', 'hello', String(i), '--option=value'],
      environment: { OMP_NUM_THREADS: '1' },
      cwd: '/projects/somebody',
    }).trimEnd(),
  )
}
