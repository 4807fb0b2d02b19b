// Parents that are added later, and families that are killed, removed, told and run again.
import { expect, test } from 'vitest'
import { connected, job, refusal, runAll, stateOf, statesOf } from './family.ts'
import { array, startSite, type TestSite } from './site.ts'

const dep = (site: TestSite, ...edges: (readonly [number, number])[]) =>
  site.run(site.door.addDependencies({ edges }))

test('a ready job to which a parent is added waits again', async () => {
  const site = await startSite()
  await site.submit([job('a'), job('b')])
  expect(await dep(site, [1, 2])).toMatchObject({ added: 1 })
  expect(await dep(site, [1, 2])).toMatchObject({ added: 0 })
  expect(await stateOf(site, 'b')).toBe('AWAITING_PARENTS')
  expect(await runAll(await connected(site))).toEqual([1, 2])
})

test('an element of an array may get a parent of its own', async () => {
  const site = await startSite()
  await site.submit([job('a'), job('x'), array(5, { parents: ['a'] })])
  await dep(site, [2, 5])
  const launcher = await connected(site)
  await launcher.exited(0, launcher.tokens()[0] ?? 0)
  expect(launcher.tasks().map(({ job: id }) => id)).toEqual([1, 2, 3, 4, 6, 7])
  await launcher.exited(0, ...launcher.tokens().slice(1))
  expect(launcher.tasks().map(({ job: id }) => id)).toEqual([1, 2, 3, 4, 6, 7, 5])
})

test('a waiting job gets more parents while others run', async () => {
  const site = await startSite()
  await site.submit([job('a'), job('reduce', ['a'])])
  const launcher = await connected(site, 1)
  await site.submit([job('late')])
  await dep(site, [3, 2])
  await launcher.exited(0, ...launcher.tokens())
  expect(await stateOf(site, 'reduce')).toBe('AWAITING_PARENTS')
  expect(await runAll(launcher)).toEqual([1, 3, 2])
})

test('what has started gets no parents', async () => {
  const site = await startSite()
  await site.submit([job('a'), job('b')])
  const launcher = await connected(site)
  expect(await refusal(dep(site, [1, 2]))).toMatchObject({ code: 'CHILD_STARTED' })
  await launcher.exited(0, ...launcher.tokens())
  const refused = await refusal(dep(site, [1, 2]))
  expect(refused).toMatchObject({ code: 'CHILD_STARTED', facts: { id: 2, state: 'JOB_FINISHED' } })
})

test('edges that would close a circle are refused, all of them', async () => {
  const site = await startSite()
  await site.submit([job('a'), job('b', ['a']), job('c', ['b']), job('d')])
  const refused = await refusal(dep(site, [4, 1], [3, 1]))
  expect(refused).toMatchObject({ code: 'DEPENDENCY_CYCLE', facts: { cycle: '1 → 3 → 2 → 1' } })
  expect(await refusal(dep(site, [1, 1]))).toMatchObject({ facts: { cycle: '1 → 1' } })
  const both = await refusal(dep(site, [4, 1], [1, 4]))
  expect(both).toMatchObject({ code: 'DEPENDENCY_CYCLE' })
  expect(await site.run(site.door.job('a'))).toMatchObject({ parents: [], state: 'PREPROCESSED' })
})

test('a job after an array is no parent of one of its elements', async () => {
  const site = await startSite()
  await site.submit([array(3, { key: 'all' }), job('sum', ['all'])])
  const refused = await refusal(dep(site, [4, 2]))
  expect(refused).toMatchObject({ code: 'DEPENDENCY_CYCLE' })
})

test('an unknown job has no parents and is none', async () => {
  const site = await startSite()
  await site.submit([job('a')])
  expect(await refusal(dep(site, [1, 9]))).toMatchObject({ code: 'JOB_UNKNOWN', facts: { ref: 9 } })
  expect(await refusal(dep(site, [9, 1]))).toMatchObject({ code: 'JOB_UNKNOWN', facts: { ref: 9 } })
})

test('a parent that was killed fails the job that gets it', async () => {
  const site = await startSite()
  await site.submit([job('a')])
  const launcher = await connected(site, 1)
  await site.run(site.door.kill({ ids: [1] }, null))
  await launcher.exited(1, ...launcher.tokens())
  await launcher.cut()
  await site.submit([job('b')])
  await dep(site, [1, 2])
  expect(await stateOf(site, 'b')).toBe('FAILED')
})

test('added parents are known after a restart, also before the tables caught up', async () => {
  for (const ms of [0, 100]) {
    const site = await startSite()
    await site.submit([job('a'), job('b'), job('c', ['b'])])
    await dep(site, [1, 2], [1, 3])
    await site.pass(ms)
    await site.start()
    expect(site.core.site.dag.size).toBe(3)
    expect(await runAll(await connected(site))).toEqual([1, 2, 3])
    expect(site.disk.look('SELECT count(*) AS n FROM edge')).toEqual([{ n: 3 }])
  }
})

test('a recursive kill takes all that waits, and leaves the rest', async () => {
  const site = await startSite()
  await site.submit([job('a'), job('b', ['a']), job('c', ['b']), job('d'), job('e', ['d'])])
  const receipt = await site.run(site.door.kill({ ids: [1] }, null, true))
  expect(receipt).toMatchObject({ killed: 3, already_ended: 0 })
  expect(await statesOf(site)).toEqual({
    USER_KILLED: 3,
    PREPROCESSED: 1,
    AWAITING_PARENTS: 1,
  })
})

test('a job that others wait for is removed only with them', async () => {
  const site = await startSite()
  await site.submit([job('a'), job('b', ['a']), array(3, { parents: ['a'] })])
  const refused = await refusal(site.run(site.door.remove({ ids: [1, 2] }, false)))
  expect(refused).toMatchObject({ code: 'PARENT_NEEDED', facts: { child: 3 } })
  expect(await site.run(site.door.remove({}, false))).toMatchObject({ removed: 5 })
  await site.pass(100)
  expect(site.disk.look('SELECT count(*) AS n FROM edge')).toEqual([{ n: 0 }])
})

test('the edges of matching children are told, those of arrays one by one', async () => {
  const site = await startSite()
  await site.submit([array(2, { key: 'p' }), array(3, { parents: ['p'] })])
  await site.submit([job('z', [1])])
  const told: (readonly [number, number])[] = []
  const read = async (): Promise<void> => {
    for await (const page of site.door.edges({ ids: [4, 6] }))
      for (const { parent, child } of page) told.push([parent, child])
  }
  await site.run(read())
  expect(told).toEqual([
    [1, 4],
    [2, 4],
    [1, 6],
  ])
})

const retry = (site: TestSite, ...ids: number[]) =>
  site.run(site.door.retry({ filter: ids.length === 0 ? {} : { ids } }))

test('a family that failed is retried as one: children wait for their parents again', async () => {
  const site = await startSite()
  await site.submit([job('a'), job('b', ['a']), array(3, { key: 'c', parents: ['b'] })])
  const launcher = await connected(site)
  await launcher.exited(1, ...launcher.tokens())
  expect(await statesOf(site)).toEqual({ FAILED: 5 })
  await retry(site)
  expect(await statesOf(site)).toMatchObject({ AWAITING_PARENTS: 4 })
  expect((await runAll(launcher)).slice(1)).toEqual([1, 2, 3, 4, 5])
  expect(await statesOf(site)).toEqual({ JOB_FINISHED: 5 })
})

test('a child that is retried without its failed parent fails again', async () => {
  const site = await startSite()
  await site.submit([job('a'), job('b', ['a'])])
  const launcher = await connected(site)
  await launcher.exited(1, ...launcher.tokens())
  await retry(site, 2)
  expect(await statesOf(site)).toEqual({ FAILED: 2 })
  expect((await site.run(site.door.job('b'))).history.at(-1)?.message).toBe('parent 1 failed')
})

test('a child whose parent was retried and finished is ready when it is retried', async () => {
  const site = await startSite()
  await site.submit([job('a'), job('b', ['a'])])
  const launcher = await connected(site)
  await launcher.exited(1, ...launcher.tokens())
  await retry(site, 1)
  await launcher.exited(0, ...launcher.tokens().slice(1))
  expect(await stateOf(site, 'b')).toBe('FAILED')
  await retry(site, 2)
  expect(launcher.tasks().at(-1)).toMatchObject({ job: 2 })
})

test('a finished parent that runs again is waited for again', async () => {
  const site = await startSite()
  await site.submit([job('a'), job('b'), job('c', ['a', 'b'])])
  const launcher = await connected(site)
  await launcher.exited(0, launcher.tokens()[0] ?? 0)
  await retry(site, 1)
  await launcher.exited(0, launcher.tokens()[1] ?? 0)
  expect(await stateOf(site, 'c')).toBe('AWAITING_PARENTS')
  await launcher.exited(0, launcher.tokens()[2] ?? 0)
  expect(launcher.tasks().at(-1)).toMatchObject({ job: 3 })
})

test('a job that is set to wait looks at its parents again', async () => {
  const site = await startSite()
  await site.submit([job('a'), job('b', ['a']), job('c')])
  const set = (id: number) =>
    site.run(
      site.door.modify({
        filter: { ids: [id] },
        changes: { state: 'AWAITING_PARENTS' },
        isForced: true,
      }),
    )
  await set(3)
  expect(await stateOf(site, 'c')).toBe('PREPROCESSED')
  await site.run(
    site.door.modify({ filter: { ids: [2] }, changes: { state: 'READY' }, isForced: true }),
  )
  expect(await stateOf(site, 'b')).toBe('PREPROCESSED')
  await set(2)
  expect(await stateOf(site, 'b')).toBe('AWAITING_PARENTS')
  await site.run(site.door.kill({ ids: [1] }, null))
  expect(await stateOf(site, 'b')).toBe('FAILED')
  await set(2)
  expect(await stateOf(site, 'b')).toBe('FAILED')
})

test('a circle is refused also where it leads through jobs that have ended', async () => {
  const site = await startSite()
  await site.submit([array(3, { key: 'a' }), array(3, { parents: ['a'] }), job('x')])
  await site.run(site.door.kill({ ids: [1] }, null))
  expect(await stateOf(site, '5')).toBe('FAILED')
  const refused = await refusal(dep(site, [5, 2]))
  expect(refused).toMatchObject({ code: 'DEPENDENCY_CYCLE', facts: { cycle: '2 → 4–6 → 2' } })
  expect(await dep(site, [7, 2])).toMatchObject({ added: 1 })
})
