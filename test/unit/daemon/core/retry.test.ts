// Retry: which jobs run again, under which ids, with what is kept of their earlier attempts.
import { expect, test } from 'vitest'
import { TestLauncher } from './launcher.ts'
import { array, request, startSite, type TestSite } from './site.ts'

async function connected(site: TestSite): Promise<TestLauncher> {
  return new TestLauncher(site).hello(await site.allocate())
}

async function checked(site: TestSite): Promise<void> {
  expect(await site.run(site.door.check())).toMatchObject({ breaches: [], integrity: 'ok' })
}

test('failed jobs run again under their ids, and their attempts stay', async () => {
  const site = await startSite()
  await site.submit([array(3)])
  const launcher = await connected(site)
  const [one = 0, two = 0, three = 0] = launcher.tokens()
  await launcher.exited(3, one, two)
  await launcher.exited(0, three)
  const receipt = await site.run(site.door.retry({ filter: { states: ['FAILED'] } }))
  expect(receipt).toMatchObject({ retried: 2, causes: { 'exit code 3': 2 }, dry_run: false })
  await launcher.exited(0, ...launcher.tokens().slice(3))
  const job = await site.run(site.door.job('1'))
  expect(job).toMatchObject({ state: 'JOB_FINISHED', attempts: 2 })
  expect(job.attempt_list.map(({ outcome }) => outcome)).toEqual(['failed', 'succeeded'])
  expect(job.history.map(({ message }) => message)).toContain('to run again, by the user')
  await checked(site)
})

test('a retry counts causes, and a dry run does no more than that', async () => {
  const site = await startSite()
  await site.submit([array(4), array(100, { name: 'b' })])
  const launcher = await connected(site)
  const [one = 0, two = 0, three = 0, four = 0] = launcher.tokens()
  await launcher.exited(1, one)
  await launcher.exited(2, two, three)
  await launcher.exited(0, four)
  await site.run(site.door.kill({ ranges: [[50, 104]] }, 0))
  const receipt = await site.run(site.door.retry({ filter: {}, isDryRun: true }))
  expect(receipt).toMatchObject({
    retried: 59,
    causes: { 'killed by the user': 55, 'exit code 2': 2, 'exit code 1': 1, finished: 1 },
    dry_run: true,
  })
  expect(await site.run(site.door.tally({ states: ['FAILED'] }))).toMatchObject({ total: 3 })
})

test('killed ranges that never ran are ready again as ranges', async () => {
  const site = await startSite()
  await site.submit([array(1_000)])
  await site.run(site.door.kill({}, 0))
  await site.run(site.door.retry({ filter: { ranges: [[1, 600]] } }))
  expect(site.core.site.open.size).toBe(0)
  expect(site.core.site.tallies.states(null)).toEqual({ PREPROCESSED: 600, USER_KILLED: 400 })
  const launcher = await connected(site)
  expect(launcher.tasks().map(({ job }) => job)).toEqual([1, 2, 3, 4])
  await checked(site)
})

test('memory and time are multiplied before the next attempt', async () => {
  const site = await startSite()
  await site.submit([request({ wallTimeMinutes: 10 })])
  const launcher = await connected(site)
  await launcher.exited(1, ...launcher.tokens())
  await site.run(site.door.retry({ filter: {}, timeFactor: 1.5 }))
  const job = await site.run(site.door.job('1'))
  expect(job.request.wallTimeMinutes).toBe(15)
  expect(job.history.map(({ message }) => message)).toContain('time × 1.5')
})

test('a killed job whose task has not ended yet runs again after its end', async () => {
  const site = await startSite()
  await site.submit([request()])
  const launcher = await connected(site)
  await launcher.started(...launcher.tokens())
  await site.run(site.door.kill({}, 1_000))
  await site.run(site.door.retry({ filter: {} }))
  expect(launcher.tokens()).toHaveLength(1)
  await launcher.exited(-1, ...launcher.tokens())
  expect(launcher.tokens()).toHaveLength(2)
})

test('nothing that has not ended is retried', async () => {
  const site = await startSite()
  await site.submit([array(3)])
  await expect(site.run(site.door.retry({ filter: {} }))).rejects.toMatchObject({
    code: 'NOTHING_MATCHED',
  })
})

test('a restart finds retried jobs as they were', async () => {
  const site = await startSite()
  await site.submit([array(3)])
  const launcher = await connected(site)
  await launcher.exited(3, ...launcher.tokens())
  await launcher.cut()
  await site.run(site.door.retry({ filter: {} }))
  await site.start()
  expect(site.core.site.tallies.states(null)).toEqual({ RESTART_READY: 3 })
  expect(site.core.site.open.size).toBe(3)
  await checked(site)
})
