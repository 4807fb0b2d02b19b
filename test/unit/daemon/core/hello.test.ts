// What a hello means: who is refused, what is sent again, what is lost, what is ended.
import { expect, test } from 'vitest'
import { frameKind } from '../../../../protocol/frames.ts'
import { TestLauncher } from './launcher.ts'
import { array, startSite, type TestSite } from './site.ts'

async function siteWithTasks(): Promise<{
  site: TestSite
  allocation: number
  launcher: TestLauncher
}> {
  const site = await startSite()
  await site.submit([array(3)])
  const allocation = await site.allocate()
  const launcher = await new TestLauncher(site).hello(allocation)
  return { site, allocation, launcher }
}

test('a launcher of a living allocation is welcomed with the epoch and its number', async () => {
  const { launcher } = await siteWithTasks()
  expect(launcher.isAccepted).toBe(true)
  expect(launcher.of(frameKind.welcome)).toEqual([[frameKind.welcome, 1, 1, 1, 5_000]])
})

test('a launcher of an unknown allocation is refused', async () => {
  const site = await startSite()
  const launcher = await new TestLauncher(site).hello(7)
  expect(launcher.closedFor).toBe('LAUNCHER_REFUSED')
  expect(launcher.isAccepted).toBe(false)
})

test('a launcher of an allocation that has ended is refused', async () => {
  const { site, allocation } = await siteWithTasks()
  site.scheduler.ended.add(allocation)
  await site.pass(5_000)
  const late = await new TestLauncher(site).hello(allocation)
  expect(late.closedFor).toBe('LAUNCHER_REFUSED')
})

test('a launcher of another site is refused', async () => {
  const { site, allocation } = await siteWithTasks()
  const stray = await new TestLauncher(site).hello(allocation, { siteId: 'other' })
  expect(stray.closedFor).toBe('LAUNCHER_REFUSED')
})

test('a launcher that speaks no common frame version is refused, but not for good', async () => {
  const { site, allocation } = await siteWithTasks()
  const newer = await new TestLauncher(site).hello(allocation, {
    versionOldest: 2,
    versionNewest: 3,
  })
  expect(newer.closedFor).toBe('VERSION_MISMATCH')
})

test('a launcher that has seen a newer epoch is refused', async () => {
  const { site, allocation } = await siteWithTasks()
  const ahead = await new TestLauncher(site).hello(allocation, { epochSeen: 2 })
  expect(ahead.closedFor).toBe('STALE_EPOCH')
  expect(site.deaths).toEqual([])
})

test('a key of one allocation does not open the door to another', async () => {
  const { site, allocation } = await siteWithTasks()
  const thief = new TestLauncher(site, { allocationId: allocation + 1, isLocal: false })
  await thief.hello(allocation)
  expect(thief.closedFor).toBe('NOT_AUTHENTICATED')
})

test('a frame before the welcome ends the connection', async () => {
  const { site } = await siteWithTasks()
  const hasty = new TestLauncher(site)
  hasty.say([frameKind.heartbeat, 0, 0, 0, 0])
  expect(hasty.closedFor).toBe('FRAME_INVALID')
})

test('a lease that the launcher never got is sent again under the same token', async () => {
  const { site, allocation, launcher } = await siteWithTasks()
  await launcher.cut()
  const again = await new TestLauncher(site).hello(allocation)
  expect(again.tokens()).toEqual(launcher.tokens())
  expect(site.core.site.tallies.states('w')).toEqual({ PREPROCESSED: 3 })
})

test('a lease that the launcher holds is not sent again', async () => {
  const { site, allocation, launcher } = await siteWithTasks()
  await launcher.cut()
  const again = await new TestLauncher(site).hello(allocation, { held: launcher.tokens() })
  expect(again.tasks()).toEqual([])
})

test('a newer connection of a launcher closes the older one', async () => {
  const { site, allocation, launcher } = await siteWithTasks()
  await new TestLauncher(site).hello(allocation, { held: launcher.tokens() })
  expect(launcher.closedFor).toBe('replaced by a newer connection')
})

test('what died with an earlier start of the launcher gets a second attempt', async () => {
  const { site, allocation, launcher } = await siteWithTasks()
  const [first = 0] = launcher.tokens()
  await launcher.started(first)
  await launcher.cut()
  const restarted = await new TestLauncher(site).hello(allocation, {
    incarnation: 'second',
    held: launcher.tokens().slice(1),
  })
  expect(restarted.tasks()).toMatchObject([{ job: 1, attempt: 2 }])
  expect(restarted.tokens()).not.toContain(first)
})

test('an unstarted lease of an earlier start does not count as an attempt', async () => {
  const { site, allocation, launcher } = await siteWithTasks()
  await launcher.cut()
  const restarted = await new TestLauncher(site).hello(allocation, { incarnation: 'second' })
  expect(restarted.tasks().map(({ attempt }) => attempt)).toEqual([1, 1, 1])
  expect(restarted.tokens()).not.toEqual(launcher.tokens())
})

test('a held task that nobody wants any more is ended', async () => {
  const { site, allocation, launcher } = await siteWithTasks()
  await launcher.cut()
  await site.run(site.door.kill({ ids: [1] }, 1_000))
  const again = await new TestLauncher(site).hello(allocation, { held: launcher.tokens() })
  expect(again.killed()).toEqual(launcher.tokens().slice(0, 1))
})

test('a held token that the daemon does not know is ended', async () => {
  const { site, allocation } = await siteWithTasks()
  const other = await new TestLauncher(site).hello(allocation, { nodeIndex: 1, held: [999_999] })
  expect(other.killed()).toEqual([999_999])
})

test('a killed job that was never sent is not sent when its launcher is back', async () => {
  const { site, allocation, launcher } = await siteWithTasks()
  await launcher.cut()
  await site.run(site.door.kill({ ids: [2] }, 1_000))
  const again = await new TestLauncher(site).hello(allocation)
  expect(again.tasks().map(({ job }) => job)).toEqual([1, 3])
  expect(site.core.site.leases.size).toBe(2)
})

test('a launcher of an allocation that is being ended is told to stop', async () => {
  const { site, allocation, launcher } = await siteWithTasks()
  await launcher.cut()
  await site.run(site.door.cancelAllocation(allocation))
  const again = await new TestLauncher(site).hello(allocation)
  expect(again.of(frameKind.drain)).toContainEqual([frameKind.drain, 1, 'stop', 5_000])
})
