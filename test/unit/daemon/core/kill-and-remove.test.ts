// Kill and rm: what is counted, what stays a range, what is refused.
import { expect, test } from 'vitest'
import { frameKind } from '../../../../protocol/frames.ts'
import { exits, helloTo, TestLauncher } from './launcher.ts'
import { allocation, array, request, startSite, type TestSite } from './site.ts'

async function connected(site: TestSite): Promise<TestLauncher> {
  return new TestLauncher(site).hello(await site.allocate())
}

function spans(site: TestSite): unknown[] {
  return [...site.core.site.spans.all()].map(({ lo, hi, state }) => [lo, hi, state])
}

test('killed ranges of waiting jobs stay ranges', async () => {
  const site = await startSite()
  await site.submit([array(1_000)])
  const receipt = await site.run(site.door.kill({ ranges: [[101, 900]] }, 0))
  expect(receipt).toMatchObject({ killed: 800, already_ended: 0 })
  expect(spans(site)).toEqual([
    [1, 100, 4],
    [101, 900, 13],
    [901, 1_000, 4],
  ])
})

test('a second kill counts its jobs as ended already', async () => {
  const site = await startSite()
  await site.submit([array(10)])
  await site.run(site.door.kill({ ranges: [[1, 4]] }, 0))
  const receipt = await site.run(site.door.kill({}, 0))
  expect(receipt).toMatchObject({ killed: 6, already_ended: 4 })
})

test('killed jobs are not given to launchers', async () => {
  const site = await startSite()
  await site.submit([array(4)])
  await site.run(site.door.kill({ ranges: [[2, 3]] }, 0))
  const launcher = await connected(site)
  expect(launcher.tasks().map(({ job }) => job)).toEqual([1, 4])
})

test('a running task is ended with the grace that the kill asked for', async () => {
  const site = await startSite()
  await site.submit([request()])
  const launcher = await connected(site)
  await site.run(site.door.kill({ ids: [1] }, 700))
  expect(launcher.of(frameKind.kill)).toEqual([[frameKind.kill, 1, launcher.tokens(), 700]])
})

test.each([
  ['longer than the default', 60_000, 60_000],
  ['not asked for: the default', null, 5_000],
])('a grace may be %s', async (_name, asked, given) => {
  const site = await startSite()
  await site.submit([request()])
  const launcher = await connected(site)
  await site.run(site.door.kill({ ids: [1] }, asked))
  expect(launcher.of(frameKind.kill)).toEqual([[frameKind.kill, 1, launcher.tokens(), given]])
})

test.each([
  ['longer than the default', 60_000, 60_000],
  ['not asked for: the default', null, 5_000],
])('a grace may be %s', async (_name, asked, given) => {
  const site = await startSite()
  await site.submit([request()])
  const launcher = await connected(site)
  await site.run(site.door.kill({ ids: [1] }, asked))
  expect(launcher.of(frameKind.kill)).toEqual([[frameKind.kill, 1, launcher.tokens(), given]])
})

test('a killed job stays USER_KILLED whatever its task comes to', async () => {
  const site = await startSite()
  await site.submit([request({ maxRetries: 3 })])
  const launcher = await connected(site)
  await site.run(site.door.kill({ ids: [1] }, 0))
  await launcher.exited(0, ...launcher.tokens())
  expect(await site.run(site.door.job('1'))).toMatchObject({
    state: 'USER_KILLED',
    attempt_list: [{ outcome: 'killed' }],
  })
  expect(launcher.tasks()).toHaveLength(1)
})

test('a second kill of a job that is being ended is not written down again', async () => {
  const site = await startSite()
  await site.submit([request()])
  await connected(site)
  await site.run(site.door.kill({ ids: [1] }, 0))
  await site.run(site.door.kill({ ids: [1] }, 0))
  await site.run(site.core.settled())
  const [row] = site.disk.look('SELECT log FROM job')
  expect(String(row?.['log']).match(/KILL/g)).toHaveLength(1)
})

test('a kill of an ended job changes nothing', async () => {
  const site = await startSite()
  await site.submit([request()])
  const launcher = await connected(site)
  await launcher.exited(0, ...launcher.tokens())
  const receipt = await site.run(site.door.kill({ ids: [1] }, 0))
  expect(receipt).toMatchObject({ killed: 0, already_ended: 1 })
  expect(await site.run(site.door.job('1'))).toMatchObject({ state: 'JOB_FINISHED' })
})

test('a kill or an rm of nothing is an error', async () => {
  const site = await startSite()
  await expect(site.run(site.door.kill({ ids: [1] }, 0))).rejects.toMatchObject({
    code: 'NOTHING_MATCHED',
  })
  await expect(site.run(site.door.remove({ ids: [1] }, false))).rejects.toMatchObject({
    code: 'NOTHING_MATCHED',
  })
})

test('removed jobs are gone, with their specs, and their ids are not used again', async () => {
  const site = await startSite()
  await site.submit([request(), request(), request()])
  const receipt = await site.run(site.door.remove({ ids: [1, 3] }, false))
  expect(receipt).toMatchObject({ removed: 2, dry_run: false })
  await site.run(site.core.settled())
  expect(site.disk.look('SELECT lo FROM spec')).toEqual([{ lo: 2 }])
  expect(await site.submit([request()])).toMatchObject({ ranges: [[4, 4]] })
})

test('an array whose elements are removed in part keeps its spec', async () => {
  const site = await startSite()
  await site.submit([array(4)])
  await site.run(site.door.remove({ ranges: [[2, 3]] }, false))
  const page = await site.run(site.door.list({}, 0, 10))
  expect(page.items.map(({ name }) => name)).toEqual(['a-1', 'a-4'])
})

test('ended jobs can be removed, and leave the counts', async () => {
  const site = await startSite()
  await site.submit([array(3)])
  const launcher = await connected(site)
  await launcher.exited(0, ...launcher.tokens())
  await site.run(site.door.remove({ ids: [2] }, false))
  expect(await site.run(site.door.tally({}))).toMatchObject({ states: { JOB_FINISHED: 2 } })
  expect(site.core.site.tallies.states(null)).toEqual({ JOB_FINISHED: 2 })
})

test('an rm that meets a running job is refused as a whole', async () => {
  const site = await startSite()
  await site.submit([array(5)])
  await connected(site)
  await expect(site.run(site.door.remove({}, false))).rejects.toThrow('job 1 is running')
  expect(await site.run(site.door.tally({}))).toMatchObject({ total: 5 })
})

test('a killed job whose task has not ended yet is not removed', async () => {
  const site = await startSite()
  await site.submit([request()])
  const launcher = await connected(site)
  await site.run(site.door.kill({ ids: [1] }, 1_000))
  await expect(site.run(site.door.remove({ ids: [1] }, false))).rejects.toThrow('job 1')
  await launcher.exited(-1, ...launcher.tokens())
  await site.run(site.door.remove({ ids: [1] }, false))
  expect(await site.run(site.door.check())).toMatchObject({ breaches: [] })
})

test('a dry run of rm counts and removes nothing', async () => {
  const site = await startSite()
  await site.submit([array(5)])
  const receipt = await site.run(site.door.remove({ ranges: [[1, 3]] }, true))
  expect(receipt).toMatchObject({ removed: 3, dry_run: true })
  expect(await site.run(site.door.tally({}))).toMatchObject({ total: 5 })
})

test('a job that ended while an rm looked it up is removed like any ended job', async () => {
  const site = await startSite()
  await site.submit([request()])
  site.hooks.afterList = async () => {
    delete site.hooks.afterList
    const asked = await site.door.requestAllocation(allocation)
    const launcher = new TestLauncher(site)
    launcher.say(helloTo(asked.id))
    await site.core.loop.ask('leased', () => null)
    await site.core.loop.ask('sent', () => null)
    launcher.say([frameKind.exited, 1, exits(0, launcher.tokens()), []])
    await site.core.loop.ask('ended', () => null)
  }
  const receipt = await site.run(site.door.remove({ ids: [1] }, false))
  expect(receipt.removed).toBe(1)
  expect(await site.run(site.door.check())).toMatchObject({ breaches: [] })
  expect(await site.run(site.door.tally({}))).toMatchObject({ total: 0, states: {} })
})

test('two rms of the same ended jobs count them once', async () => {
  const site = await startSite()
  await site.submit([array(3)])
  const launcher = await connected(site)
  await launcher.exited(0, ...launcher.tokens())
  const both = await site.run(
    Promise.allSettled([site.door.remove({ ids: [1, 2] }, false), site.door.remove({}, false)]),
  )
  const removed = both.map((one) => (one.status === 'fulfilled' ? one.value.removed : 0))
  expect(removed[0]).toBe(2)
  expect(removed[1]).toBe(1)
  expect(site.core.site.tallies.states(null)).toEqual({})
})

test('an rm that is replayed after a restart removes the specs, too', async () => {
  const site = await startSite()
  await site.submit([request(), request()])
  await site.run(site.door.remove({ ids: [1] }, false))
  await site.start()
  await site.submit([request()])
  await site.run(site.core.settled())
  expect(site.disk.look('SELECT lo FROM spec')).toEqual([{ lo: 2 }, { lo: 3 }])
})
