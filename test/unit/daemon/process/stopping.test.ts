// How a daemon ends: what it refuses, what it ends, how long it waits, what it writes.
import { expect, test } from 'vitest'
import { closeCore, drain } from '../../../../daemon/process/stopping.ts'
import { TestLauncher } from '../core/launcher.ts'
import { allocation, array, startSite } from '../core/site.ts'

test('a stop cancels the allocations that live and waits for their end', async () => {
  const site = await startSite()
  const id = await site.allocate()
  const drained = drain(site.core, 'stop')
  site.time.schedule(1_000, () => site.scheduler.ended.add(id))
  expect(await site.run(drained)).toBe('drained')
  expect(site.scheduler.cancelled).toMatchObject([{ id }])
  expect(site.time.nowMs).toBeGreaterThan(1_000)
})

test('a restart leaves allocations running', async () => {
  const site = await startSite()
  await site.allocate()
  expect(await site.run(drain(site.core, 'restart'))).toBe('drained')
  expect(site.scheduler.cancelled).toEqual([])
})

test('a stop does not wait forever for an allocation that does not end', async () => {
  const site = await startSite()
  await site.allocate()
  expect(await site.run(drain(site.core, 'stop'))).toBe('overdue')
  expect(site.time.nowMs).toBeLessThan(60_000)
})

test('an allocation that the scheduler refused holds up no stop', async () => {
  const site = await startSite()
  site.scheduler.refusal = 'no such queue'
  await expect(site.allocate()).rejects.toMatchObject({ code: 'SCHEDULER_SUBMIT_REFUSED' })
  const before = site.time.nowMs
  expect(await site.run(drain(site.core, 'stop'))).toBe('drained')
  expect(site.time.nowMs - before).toBeLessThan(1_000)
})

test('an allocation that ended before holds up no stop', async () => {
  const site = await startSite()
  site.scheduler.ended.add(await site.allocate())
  await site.pass(10_000)
  expect(await site.run(drain(site.core, 'stop'))).toBe('drained')
  expect(site.scheduler.cancelled).toEqual([])
})

test('a daemon that is going down refuses allocations', async () => {
  const site = await startSite()
  await site.run(drain(site.core, 'restart'))
  await expect(site.run(site.door.requestAllocation(allocation))).rejects.toMatchObject({
    code: 'DRAINING',
  })
})

test('jobs of an allocation that a stop ended can run again under the next daemon', async () => {
  const site = await startSite()
  await site.submit([array(2)])
  const id = await site.allocate()
  const launcher = await new TestLauncher(site).hello(id)
  await launcher.started(...launcher.tokens())
  site.time.schedule(1_000, () => site.scheduler.ended.add(id))
  await site.run(drain(site.core, 'stop'))
  await site.run(closeCore(site.core))
  await site.start()
  expect(site.core.site.tallies.states(null)).toEqual({ RESTART_READY: 2 })
})

test('a closed core has written everything that was decided into the tables', async () => {
  const site = await startSite()
  await site.submit([array(5)])
  await site.run(closeCore(site.core))
  expect(site.disk.look('SELECT lo, hi FROM span')).toEqual([{ lo: 1, hi: 5 }])
  expect(site.disk.look('SELECT seq FROM journal')).toEqual([])
})
