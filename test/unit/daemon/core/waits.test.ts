// Waits: what they count, when they tell, when they end.
import { expect, test } from 'vitest'
import type { WaitProgress } from '../../../../protocol/calls.ts'
import type { JobFilter } from '../../../../protocol/job.ts'
import { TestLauncher } from './launcher.ts'
import { array, quiet, request, startSite, type TestSite } from './site.ts'

/** What a wait has heard. */
class Heard {
  readonly progress: WaitProgress[] = []
  readonly faults: unknown[] = []
  readonly stop: () => void

  constructor(site: TestSite, filter: JobFilter) {
    this.stop = site.door.wait(filter, {
      onProgress: (progress) => this.progress.push(progress),
      onFault: (error) => this.faults.push(error),
    })
  }

  last(): WaitProgress | undefined {
    return this.progress.at(-1)
  }
}

async function waitFor(site: TestSite, filter: JobFilter): Promise<Heard> {
  const heard = new Heard(site, filter)
  await site.pass(200)
  return heard
}

async function connected(site: TestSite): Promise<TestLauncher> {
  return new TestLauncher(site).hello(await site.allocate())
}

const filters: readonly [string, JobFilter][] = [
  ['everything', {}],
  ['a workflow', { workflow: 'w' }],
  ['ids', { ids: [1, 2, 3] }],
  ['ranges', { ranges: [[1, 3]] }],
  ['states of a workflow', { workflow: 'w', states: ['PREPROCESSED'] }],
]

test.for(filters)('a wait for %s ends in the turn of the last exit', async ([, filter]) => {
  const site = await startSite()
  await site.submit([array(3)])
  const launcher = await connected(site)
  const heard = await waitFor(site, filter)
  expect(heard.last()).toMatchObject({ total: 3, is_done: false })
  const before = site.time.nowMs
  await launcher.exited(0, ...launcher.tokens())
  expect(heard.last()).toMatchObject({ states: { JOB_FINISHED: 3 }, is_done: true })
  expect(site.time.nowMs - before).toBeLessThan(10)
})

test('progress is told at most ten times a second', async () => {
  const site = await startSite()
  await site.submit([array(100)])
  const launcher = await connected(site)
  const heard = await waitFor(site, {})
  const told = heard.progress.length
  for (let round = 0; round < 20; round += 1) {
    const [token = 0] = launcher.tokens().slice(round)
    await launcher.exited(0, token)
    await site.pass(10)
  }
  expect(heard.progress.length - told).toBeGreaterThan(0)
  expect(heard.progress.length - told).toBeLessThanOrEqual(5)
})

test('a wait that was stopped hears nothing more', async () => {
  const site = await startSite()
  await site.submit([array(3)])
  const launcher = await connected(site)
  const heard = await waitFor(site, {})
  const told = heard.progress.length
  heard.stop()
  await launcher.exited(0, ...launcher.tokens())
  await site.pass(1_000)
  expect(heard.progress).toHaveLength(told)
})

test('a wait that is stopped before it began hears nothing', async () => {
  const site = await startSite()
  await site.submit([array(3)])
  const heard = new Heard(site, { ids: [1] })
  heard.stop()
  await site.pass(1_000)
  expect(heard.progress).toEqual([])
})

test('jobs that ended before are counted with those that have not', async () => {
  const site = await startSite()
  await site.submit([array(3)])
  const launcher = await connected(site)
  await launcher.exited(0, ...launcher.tokens().slice(0, 2))
  const heard = await waitFor(site, { ranges: [[1, 3]] })
  expect(heard.last()).toMatchObject({
    total: 3,
    states: { JOB_FINISHED: 2, PREPROCESSED: 1 },
    is_done: false,
  })
})

test('a wait for jobs that have all ended ends at once', async () => {
  const site = await startSite()
  await site.submit([array(3)])
  const launcher = await connected(site)
  await launcher.exited(1, ...launcher.tokens())
  const heard = await waitFor(site, { ids: [1, 2] })
  expect(heard.last()).toMatchObject({ total: 2, states: { FAILED: 2 }, is_done: true })
})

test('a wait for nothing is an error', async () => {
  const site = await startSite()
  await site.submit([request()])
  for (const filter of [{ ids: [7] }, { workflow: 'x' }, { name: 'x' }]) {
    const heard = await waitFor(site, filter)
    expect(heard.faults).toMatchObject([{ code: 'NOTHING_MATCHED' }])
  }
})

test('jobs that join a workflow are waited for, too', async () => {
  const site = await startSite()
  await site.submit([request()])
  const launcher = await connected(site)
  const heard = await waitFor(site, { workflow: 'w' })
  await site.submit([request(), request({ workflow: 'other' })])
  await launcher.exited(0, ...launcher.tokens().slice(0, 1))
  await site.pass(200)
  expect(heard.last()).toMatchObject({ total: 2, is_done: false })
})

test('jobs that are named twice are counted once', async () => {
  const site = await startSite()
  await site.submit([array(10)])
  const launcher = await connected(site)
  await launcher.exited(0, ...launcher.tokens().slice(0, 1))
  const filter: JobFilter = {
    ids: [5, 5, 1],
    ranges: [
      [1, 10],
      [4, 6],
    ],
  }
  const heard = await waitFor(site, filter)
  expect(heard.last()).toMatchObject({ total: 10, states: { JOB_FINISHED: 1, PREPROCESSED: 9 } })
})

test('a killed range ends a wait for it', async () => {
  const site = await startSite()
  await site.submit([array(1_000)])
  const heard = await waitFor(site, { ranges: [[1, 500]] })
  await site.run(site.door.kill({ ranges: [[1, 600]] }, 0))
  await quiet()
  expect(heard.last()).toMatchObject({ states: { USER_KILLED: 500 }, is_done: true })
})

test('a wait says how many launchers and coming allocations there are', async () => {
  const site = await startSite()
  await site.submit([array(10)])
  const none = await waitFor(site, {})
  expect(none.last()).toMatchObject({ launchers: 0, pending_allocations: 0 })
  const allocation = await site.allocate()
  const coming = await waitFor(site, {})
  expect(coming.last()).toMatchObject({ launchers: 0, pending_allocations: 1 })
  await new TestLauncher(site).hello(allocation)
  const there = await waitFor(site, {})
  expect(there.last()).toMatchObject({ launchers: 1, pending_allocations: 0 })
})

test('jobs that come into being while a wait for their ids begins are counted once', async () => {
  for (let turnsBefore = 0; turnsBefore < 4; turnsBefore += 1) {
    const site = await startSite()
    await site.submit([array(3)])
    const launcher = await connected(site)
    await launcher.exited(0, ...launcher.tokens().slice(0, 1))
    const heard = new Heard(site, { ranges: [[1, 20]] })
    for (let turns = 0; turns < turnsBefore; turns += 1) await quiet()
    await site.submit([array(7)])
    await site.pass(1_000)
    expect(heard.last()).toMatchObject({ total: 10, is_done: false })
  }
})

test('jobs whose ids were reserved before a wait for them began are counted once', async () => {
  const site = await startSite()
  await site.submit([array(3)])
  const writer = site.door.beginSubmission(null)
  const requests = Array.from({ length: 1_000 }, () => request())
  await site.run(writer.push(requests))
  const heard = new Heard(site, { ranges: [[3, 2_000]] })
  await quiet()
  await site.run(writer.finish('digest'))
  await site.pass(1_000)
  expect(heard.last()).toMatchObject({ total: 1_001 })
})

test('a wait for ids that nobody was given yet ends when there is nothing else', async () => {
  const site = await startSite()
  await site.submit([array(3)])
  const heard = await waitFor(site, { ranges: [[4, 20]] })
  expect(heard.faults).toMatchObject([{ code: 'NOTHING_MATCHED' }])
})
