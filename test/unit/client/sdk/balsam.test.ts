// The client against a fake daemon: documents, streams, faults, and what is sent a second time.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Balsam, connect } from '../../../../client/sdk/balsam.ts'
import { Fault, fault, faultBody } from '../../../../protocol/faults.ts'
import type { JobRequest } from '../../../../protocol/job.ts'
import { bodyOf, type FakeCalls, fakeCalls, sendJson } from '../../../support/fake-calls.ts'

let fake: FakeCalls
let balsam: Balsam
beforeEach(async () => {
  fake = await fakeCalls()
  balsam = connect(fake.site, { env: { BALSAM_NO_AUTOSTART: '1' } })
})
afterEach(async () => {
  balsam.close()
  await fake.close()
})

const request: JobRequest = {
  name: 'a',
  workflow: 'w',
  application: null,
  args: '',
  command: ['true'],
  description: '',
  environment: {},
  resources: {
    cpus: 1,
    nodePackingCount: 1,
  },
  priority: 0,
  maxRetries: 0,
  wallTimeMinutes: 1,
  output: { to: 'none' },
  cwd: '/',
  array: null,
}
const receipt = { schema: 'balsam.submission/1', ranges: [[1, 1]], total: 1, isRepeat: false }

test('a call gives the daemon’s document', async () => {
  fake.answer = (_, response) => sendJson(response, { schema: 'balsam.tally/1', total: 3 })
  expect(await balsam.tally({ workflow: 'a b', states: ['FAILED', 'RUNNING'] })).toMatchObject({
    total: 3,
  })
  expect(fake.heard).toEqual(['GET /v1/tally?workflow=a+b&state=FAILED%2CRUNNING'])
})

test('a fault of the daemon is the same fault here', async () => {
  const told = fault('JOB_AMBIGUOUS', { ref: 'x', count: 2, ids: '1, 2' })
  fake.answer = (_, response) => sendJson(response, faultBody(told), told.status)
  const seen = await balsam.job('x').catch((error: unknown) => error)
  expect(seen).toBeInstanceOf(Fault)
  expect(seen).toMatchObject({ code: 'JOB_AMBIGUOUS', message: told.message, exit: told.exit })
})

test('a fault that this version does not know keeps its words', async () => {
  const error = { code: 'FUTURE_CODE', facts: {}, message: 'tomorrow’s trouble', advice: '' }
  fake.answer = (_, response) => sendJson(response, { error }, 400)
  await expect(balsam.status()).rejects.toThrow('tomorrow’s trouble')
})

test('a submission streams one line a request, under a key', async () => {
  let body = ''
  let key: unknown
  fake.answer = async (incoming, response) => {
    key = incoming.headers['idempotency-key']
    body = await bodyOf(incoming)
    sendJson(response, receipt)
  }
  await balsam.submit([request, { ...request, name: 'b' }])
  expect(
    body
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown),
  ).toEqual([request, { ...request, name: 'b' }])
  expect(key).toMatch(/^[0-9a-f]{32}$/)
})

test('a source of requests is read no faster than the daemon takes them', async () => {
  let made = 0
  async function* endless(): AsyncGenerator<JobRequest> {
    for (; made < 1_000_000; made += 1) yield { ...request, description: 'x'.repeat(1000) }
  }
  let refuse = (): void => undefined
  const isRefused = new Promise<void>((resolve) => {
    refuse = resolve
  })
  fake.answer = async (incoming, response) => {
    // Takes nothing: the pipe between us fills, and the source must rest.
    incoming.pause()
    await isRefused
    const told = fault('TOO_MANY', { what: 'jobs', count: 2, max: 1 })
    sendJson(response, faultBody(told), told.status)
  }
  const submission = balsam.submit(endless())
  let before = -1
  await expect
    .poll(
      () => {
        const rests = made === before
        before = made
        return rests
      },
      { interval: 200 },
    )
    .toBe(true)
  expect(made).toBeLessThan(20_000)
  refuse()
  await expect(submission).rejects.toMatchObject({ code: 'TOO_MANY' })
  expect(made).toBeLessThan(20_000)
})

test('a source of requests that fails makes the submission fail', async () => {
  async function* failing(): AsyncGenerator<JobRequest> {
    yield request
    throw new Error('no more input')
  }
  fake.answer = async (incoming, response) => {
    await bodyOf(incoming).catch(() => undefined)
    sendJson(response, receipt)
  }
  await expect(balsam.submit(failing())).rejects.toThrow('no more input')
})

test('a submission whose answer was lost is sent again under the same key', async () => {
  const keys: unknown[] = []
  fake.answer = async (incoming, response) => {
    keys.push(incoming.headers['idempotency-key'])
    await bodyOf(incoming)
    if (keys.length === 1) incoming.socket.destroy()
    else sendJson(response, receipt)
  }
  expect(await balsam.submit([request])).toMatchObject({ total: 1 })
  expect(keys).toHaveLength(2)
  expect(keys[0]).toBe(keys[1])
})

test('a call that may have had its effect is not sent again', async () => {
  fake.answer = (incoming) => {
    incoming.socket.destroy()
  }
  const app = { name: 'a', executable: 'x', description: '', envscript: '', environment: {} }
  await expect(balsam.addApp(app)).rejects.toMatchObject({ code: 'DAEMON_UNREACHABLE' })
  expect(fake.heard).toEqual(['POST /v1/apps'])
})

test('a daemon that is stopping is asked again', async () => {
  fake.answer = (_, response) => {
    const told = fault('DRAINING')
    if (fake.heard.length < 3) sendJson(response, faultBody(told), told.status)
    else sendJson(response, { schema: 'balsam.tally/1', total: 0 })
  }
  await balsam.tally()
  expect(fake.heard).toHaveLength(3)
})

test('a question is asked again when the daemon comes back after a restart', async () => {
  fake.answer = (_, response) => sendJson(response, { total: 1 })
  await balsam.tally()
  await fake.close()
  fake.unannounce()
  const asked = balsam.tally()
  await fake.listen()
  fake.announce()
  expect(await asked).toEqual({ total: 1 })
})

test('a wait gives each line, and goes on after the connection broke', async () => {
  const line = (done: number): string =>
    `${JSON.stringify({ total: 3, states: { JOB_FINISHED: done }, is_done: done === 3 })}\n`
  fake.answer = (incoming, response) => {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' })
    if (fake.heard.length === 1) {
      response.write(line(1), () => incoming.socket.destroy())
    } else response.end(line(2) + line(3))
  }
  const seen: (number | undefined)[] = []
  for await (const { states } of balsam.wait({ workflow: 'w' })) seen.push(states.JOB_FINISHED)
  expect(seen).toEqual([1, 2, 3])
  expect(fake.heard).toHaveLength(2)
})

test('a wait can be left early', async () => {
  fake.answer = (_, response) => {
    response.writeHead(200)
    response.write(`${JSON.stringify({ total: 1, states: {}, is_done: false })}\n`)
  }
  const stop = new AbortController()
  const seen: unknown[] = []
  const waiting = (async () => {
    for await (const progress of balsam.wait({}, stop.signal)) {
      seen.push(progress)
      stop.abort()
    }
  })()
  await waiting.catch(() => undefined)
  expect(seen).toHaveLength(1)
})

test('a fault in the middle of a stream ends it', async () => {
  fake.answer = (_, response) => {
    response.writeHead(200)
    response.write(`${JSON.stringify({ total: 1, states: {}, is_done: false })}\n`)
    response.end(`${JSON.stringify(faultBody(fault('NOTHING_MATCHED')))}\n`)
  }
  const read = async (): Promise<void> => {
    for await (const progress of balsam.wait()) expect(progress.total).toBe(1)
  }
  await expect(read()).rejects.toMatchObject({ code: 'NOTHING_MATCHED' })
})

test('all jobs come page by page', async () => {
  fake.answer = (incoming, response) => {
    const after = Number(new URL(incoming.url ?? '', 'http://x').searchParams.get('after'))
    const items = [{ id: after + 1 }, { id: after + 2 }]
    sendJson(response, { items, total: 4, truncated: after === 0, next: after === 0 ? 2 : null })
  }
  const ids: number[] = []
  for await (const { id } of balsam.allJobs({ ids: [1, 2], ranges: [[5, 9]] })) ids.push(id)
  expect(ids).toEqual([1, 2, 3, 4])
  expect(fake.heard[0]).toBe('GET /v1/jobs?ids=1%2C2%2C5-9&after=0&limit=2500')
})

test('without a daemon, and where none may be started, that is said', async () => {
  fake.unannounce()
  await expect(balsam.status()).rejects.toMatchObject({
    code: 'AUTOSTART_FORBIDDEN',
    exit: 6,
    facts: { why: 'BALSAM_NO_AUTOSTART=1' },
  })
})

test.each([
  ['BALSAM_TASK_MARKER', /inside a task/],
  ['BALSAM_ALLOCATION_MARKER', /inside an allocation/],
])('%s in the environment forbids to start a daemon', async (name, why) => {
  fake.unannounce()
  const inside = connect(fake.site, { env: { [name]: 's:1' } })
  await expect(inside.status()).rejects.toThrow(why)
})

test('calls in turn share a connection, and calls at once do not wait for each other', async () => {
  const ports = new Set<unknown>()
  fake.answer = (incoming, response) => {
    ports.add(incoming.socket)
    sendJson(response, { total: 1 })
  }
  for (let call = 0; call < 5; call += 1) await balsam.tally()
  expect(ports.size).toBe(1)
  const slow = Promise.withResolvers<void>()
  fake.answer = async (incoming, response) => {
    ports.add(incoming.socket)
    if (incoming.url?.includes('slow') === true) await slow.promise
    sendJson(response, { total: 2 })
  }
  const first = balsam.tally({ workflow: 'slow' })
  expect(await balsam.tally()).toEqual({ total: 2 })
  slow.resolve()
  expect(await first).toEqual({ total: 2 })
  expect(ports.size).toBe(2)
})

test('a page of megabytes comes whole', async () => {
  const items = Array.from({ length: 20_000 }, (_, index) => ({ id: index, name: `jöb-${index}` }))
  fake.answer = (_, response) => sendJson(response, { items, total: items.length, next: null })
  const page = await balsam.jobs()
  expect(page.items).toEqual(items)
})
