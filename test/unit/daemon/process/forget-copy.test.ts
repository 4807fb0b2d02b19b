// A copied site: the original's allocations are not its own.
import { expect, test } from 'vitest'
import { forgetCopiedAllocations } from '../../../../daemon/process/forget-copy.ts'
import { TestLauncher } from '../core/launcher.ts'
import { array, startSite, type TestSite } from '../core/site.ts'

/** A site in which an allocation of another site runs a task and holds two. */
async function copiedSite(): Promise<TestSite> {
  const site = await startSite()
  await site.submit([array(3)])
  const launcher = await new TestLauncher(site).hello(await site.allocate())
  await launcher.started(...launcher.tokens().slice(0, 1))
  site.siteId = 'copy'
  await site.start()
  return site
}

test('jobs that the original runs go back to be run here', async () => {
  const site = await copiedSite()
  await site.run(forgetCopiedAllocations(site.core))
  expect(site.core.site.leases.size).toBe(0)
  expect(site.core.site.tallies.states(null)).toEqual({ RESTART_READY: 1, PREPROCESSED: 2 })
})

test("the original's allocations are neither polled nor cancelled", async () => {
  const site = await copiedSite()
  await site.run(forgetCopiedAllocations(site.core))
  const before = site.scheduler.polled.length
  await site.pass(100_000)
  expect(site.scheduler.polled.slice(before).flat()).toEqual([])
  expect(site.scheduler.cancelled).toEqual([])
})

test("a launcher of the original's allocation is refused", async () => {
  const site = await copiedSite()
  await site.run(forgetCopiedAllocations(site.core))
  const stray = await new TestLauncher(site).hello(1, { siteId: 'copy' })
  expect(stray.closedFor).toBe('LAUNCHER_REFUSED')
})

test('what was forgotten stays forgotten at the next start', async () => {
  const site = await copiedSite()
  await site.run(forgetCopiedAllocations(site.core))
  await site.start()
  await site.pass(100_000)
  expect(site.core.site.leases.size).toBe(0)
  expect(site.scheduler.cancelled).toEqual([])
})

test('allocations of the site itself are kept', async () => {
  const site = await copiedSite()
  site.siteId = 'site'
  await site.start()
  await site.run(forgetCopiedAllocations(site.core))
  expect(site.core.site.leases.size).toBe(3)
})
