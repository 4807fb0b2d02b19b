// What a restart must bring back; test/property/daemon/core/boot.test.ts compares everything.
import { expect, test } from 'vitest'
import { TestLauncher } from './launcher.ts'
import { array, request, startSite } from './site.ts'

test('a killed job whose task has not ended keeps its lease over a restart', async () => {
  const site = await startSite()
  await site.submit([request()])
  const allocation = await site.allocate()
  const launcher = await new TestLauncher(site).hello(allocation)
  await launcher.started(...launcher.tokens())
  await site.run(site.door.kill({ ids: [1] }, 1_000))
  await site.run(site.core.settled())
  await site.start()
  const again = await new TestLauncher(site).hello(allocation, { held: launcher.tokens() })
  await again.exited(-1, ...launcher.tokens())
  const job = await site.run(site.door.job('1'))
  expect(job).toMatchObject({ state: 'USER_KILLED', attempt_list: [{ outcome: 'killed' }] })
})

test('a restart neither forgets nor repeats a submission', async () => {
  const site = await startSite()
  await site.submit([array(10)])
  await site.start()
  const tally = await site.run(site.door.tally({}))
  expect(tally).toMatchObject({ total: 10, states: { PREPROCESSED: 10 } })
})

test('ids and tokens of an earlier reign are not given out again', async () => {
  const site = await startSite()
  await site.submit([array(2)])
  const allocation = await site.allocate()
  const launcher = await new TestLauncher(site).hello(allocation)
  await site.start()
  const { ranges } = await site.submit([array(2)])
  const again = await new TestLauncher(site).hello(allocation, { held: launcher.tokens() })
  expect(ranges).toEqual([[3, 4]])
  expect(Math.min(...again.tokens())).toBeGreaterThan(Math.max(...launcher.tokens()))
})

test('apps are there after a restart', async () => {
  const site = await startSite()
  const app = { name: 'a', executable: 'x', description: '', envscript: '', environment: {} }
  await site.run(site.door.addApp(app))
  await site.start()
  expect(await site.run(site.door.apps())).toEqual([app])
})

test('an allocation is asked for once, and asked about after a restart', async () => {
  const site = await startSite()
  const id = await site.allocate()
  await site.start()
  await site.pass(10_000)
  expect(site.scheduler.submitted).toHaveLength(1)
  expect(await site.run(site.door.allocations())).toMatchObject([{ id, state: 'RUNNING' }])
})
