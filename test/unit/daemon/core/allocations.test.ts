// Allocations at a scheduler that loses answers, or puts them back into its queue.
import { expect, test } from 'vitest'
import { drain } from '../../../../daemon/process/stopping.ts'
import { limits } from '../../../../protocol/limits.ts'
import { TestLauncher } from './launcher.ts'
import { array, startSite, type TestSite } from './site.ts'

const hourMs = 3_600_000

/** Times at which the scheduler is asked within this long, by virtual time. */
async function submissionsIn(site: TestSite, ms: number): Promise<number[]> {
  const at: number[] = []
  const { submitted } = site.scheduler
  const end = site.time.nowMs + ms
  for (let seen = submitted.length; site.time.nowMs < end; seen = submitted.length) {
    await site.pass(250)
    if (submitted.length > seen) at.push(site.time.nowMs)
  }
  return at
}

test('a scheduler that loses every answer is asked ever less often', async () => {
  const site = await startSite()
  site.scheduler.isDeaf = true
  await site.allocate()
  const at = await submissionsIn(site, hourMs)
  const gaps = at.slice(1).map((ms, index) => ms - (at[index] ?? 0))
  expect(gaps.length).toBeGreaterThan(5)
  expect(gaps.slice(1).every((gap, index) => gap >= (gaps[index] ?? 0) - 500)).toBe(true)
  expect(gaps.at(-1)).toBeGreaterThan(limits.resubmitMsMax - 1_000)
})

test('a scheduler that answers again gets the allocation once', async () => {
  const site = await startSite()
  site.scheduler.isDeaf = true
  const id = await site.allocate()
  await submissionsIn(site, 60_000)
  site.scheduler.isDeaf = false
  expect(await submissionsIn(site, 2 * limits.resubmitMsMax)).toHaveLength(1)
  expect(site.core.allocations.get(id)?.live.state()).toBe('RUNNING')
})

test('a daemon that starts again goes on to wait before it submits again', async () => {
  const site = await startSite()
  site.scheduler.isDeaf = true
  await site.allocate()
  await submissionsIn(site, hourMs)
  for (let starts = 0; starts < 5; starts += 1) {
    await site.start()
    expect((await submissionsIn(site, 60_000)).length).toBeLessThanOrEqual(1)
  }
})

test('an allocation that waits to be submitted again ends with a stop', async () => {
  const site = await startSite()
  site.scheduler.isDeaf = true
  const id = await site.allocate()
  const state = () => site.core.allocations.get(id)?.live.state()
  for (let looks = 0; looks < 100 && state() !== 'PENDING'; looks += 1) await site.pass(100)
  expect(state()).toBe('PENDING')
  expect(await site.run(drain(site.core, 'stop'))).toBe('drained')
  expect(state()).toBe('ENDED')
})

test('the next start of a requeued allocation runs what was lost with the first', async () => {
  const site = await startSite()
  await site.submit([array(2)])
  const id = await site.allocate()
  const launcher = await new TestLauncher(site).hello(id)
  await launcher.started(...launcher.tokens())
  site.scheduler.queued.add(id)
  await site.pass(5_000)
  expect(site.core.site.leases.size).toBe(0)
  site.scheduler.queued.delete(id)
  const again = await new TestLauncher(site).hello(id, { incarnation: 'second' })
  expect(again.tasks().map(({ attempt }) => attempt)).toEqual([2, 2])
})

test('a launcher that its requeued allocation has left behind is refused', async () => {
  const site = await startSite()
  const id = await site.allocate()
  const launcher = await new TestLauncher(site).hello(id)
  site.scheduler.queued.add(id)
  await site.pass(5_000)
  expect(launcher.closedFor).not.toBeNull()
  const back = await new TestLauncher(site).hello(id)
  expect(back.isAccepted).toBe(false)
})
