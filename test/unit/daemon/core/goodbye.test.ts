// Launchers that end: what becomes of their leases, by whose word.
import { expect, test } from 'vitest'
import { frameKind } from '../../../../protocol/frames.ts'
import { exits, TestLauncher } from './launcher.ts'
import { array, startSite, type TestSite } from './site.ts'

async function siteWithTasks(): Promise<{
  site: TestSite
  allocation: number
  launcher: TestLauncher
}> {
  const site = await startSite()
  await site.submit([array(3, { maxRetries: 0 })])
  const allocation = await site.allocate()
  const launcher = await new TestLauncher(site).hello(allocation)
  return { site, allocation, launcher }
}

function states(site: TestSite): object {
  return site.core.site.tallies.states(null)
}

/** The scheduler ends the allocation, and the daemon has heard of it. */
async function end(site: TestSite, allocation: number): Promise<void> {
  site.scheduler.ended.add(allocation)
  await site.pass(5_000)
  await site.run(site.core.settled())
}

test('a launcher that says goodbye gives its leases back', async () => {
  const { site, launcher } = await siteWithTasks()
  await launcher.tell([frameKind.bye, 'idle'])
  expect(site.core.site.leases.size).toBe(0)
  expect(states(site)).toEqual({ PREPROCESSED: 3 })
  expect(launcher.closedFor).toBe('goodbye')
})

test('a lease that was given back does not count as an attempt', async () => {
  const { site, allocation, launcher } = await siteWithTasks()
  await launcher.tell([frameKind.bye, 'idle'])
  const other = await new TestLauncher(site).hello(allocation, { nodeIndex: 1 })
  expect(other.tasks().map(({ attempt }) => attempt)).toEqual([1, 1, 1])
})

test('a launcher that is cut off keeps its leases', async () => {
  const { site, launcher } = await siteWithTasks()
  await launcher.cut()
  await site.pass(600_000)
  expect(site.core.site.leases.size).toBe(3)
})

test('tasks that ran when their allocation died are lost, and tried again', async () => {
  const { site, allocation, launcher } = await siteWithTasks()
  const [first = 0] = launcher.tokens()
  await launcher.started(first)
  await end(site, allocation)
  expect(states(site)).toEqual({ RESTART_READY: 1, PREPROCESSED: 2 })
  const { attempt_list } = await site.run(site.door.job('1'))
  expect(attempt_list).toMatchObject([{ outcome: 'lost' }])
})

test('exits in the journals of a dead allocation are applied before the rest is lost', async () => {
  const { site, allocation, launcher } = await siteWithTasks()
  await launcher.started(...launcher.tokens())
  site.scheduler.exits = exits(0, launcher.tokens().slice(0, 2))
  await end(site, allocation)
  expect(states(site)).toEqual({ JOB_FINISHED: 2, RESTART_READY: 1 })
})

test('an exit that was both reported and journaled is applied once', async () => {
  const { site, allocation, launcher } = await siteWithTasks()
  await launcher.exited(0, ...launcher.tokens())
  site.scheduler.exits = exits(1, launcher.tokens())
  await end(site, allocation)
  expect(states(site)).toEqual({ JOB_FINISHED: 3 })
})

test('tasks whose allocation was cancelled have timed out', async () => {
  const { site, allocation, launcher } = await siteWithTasks()
  await launcher.started(...launcher.tokens())
  await site.run(site.door.cancelAllocation(allocation))
  await end(site, allocation)
  const { attempt_list, history } = await site.run(site.door.job('1'))
  expect(attempt_list).toMatchObject([{ outcome: 'timed_out' }])
  expect(history.map(({ state }) => state)).toContain('RUN_TIMEOUT')
})

test('a cancelled allocation tells its launchers to stop', async () => {
  const { site, allocation, launcher } = await siteWithTasks()
  await site.run(site.door.cancelAllocation(allocation))
  expect(launcher.of(frameKind.drain)).toEqual([[frameKind.drain, 1, 'stop', 5_000]])
  expect(site.scheduler.cancelled).toEqual([{ id: allocation, isForced: false }])
})

test('a cancelled allocation that does not end is cancelled by force', async () => {
  const { site, allocation } = await siteWithTasks()
  await site.run(site.door.cancelAllocation(allocation))
  await site.pass(30_000)
  expect(site.scheduler.cancelled).toContainEqual({ id: allocation, isForced: true })
})

test('an unknown allocation can not be cancelled', async () => {
  const { site } = await siteWithTasks()
  await expect(site.run(site.door.cancelAllocation(99))).rejects.toMatchObject({
    code: 'ALLOCATION_UNKNOWN',
  })
})

test('what let the launchers of an ended allocation in is taken away once', async () => {
  const site = await startSite()
  const allocation = await site.allocate()
  await new TestLauncher(site).hello(allocation)
  expect(site.scheduler.forgotten).toEqual([])
  site.scheduler.ended.add(allocation)
  await site.pass(5_000)
  expect(site.scheduler.forgotten).toEqual([allocation])
})
