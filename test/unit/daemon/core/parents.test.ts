// Parents and children: a child starts when all its parents have finished, in the very commit of
// the last one's exit, and fails with any of them.
import { expect, test } from 'vitest'
import { connected, job, refusal, runAll, stateOf, statesOf } from './family.ts'
import { array, startSite } from './site.ts'

test('a job with parents waits, and shows its way', async () => {
  const site = await startSite()
  await site.submit([job('a'), job('b', ['a'])])
  const { state, parents, history } = await site.run(site.door.job('b'))
  expect({ state, parents }).toEqual({ state: 'AWAITING_PARENTS', parents: [1] })
  expect(history.map((step) => step.state)).toEqual(['CREATED', 'AWAITING_PARENTS'])
  expect(await site.run(site.door.job('a'))).toMatchObject({ children: [2], children_total: 1 })
})

test('a child is leased in the commit of its last parent’s exit', async () => {
  const site = await startSite()
  await site.submit([job('a'), job('b', ['a'])])
  const launcher = await connected(site)
  expect(launcher.tasks()).toMatchObject([{ job: 1 }])
  const commits: string[] = []
  site.hooks.beforeCommit = ({ body }) => commits.push(body)
  await launcher.exited(0, ...launcher.tokens())
  expect(launcher.tasks()).toMatchObject([{ job: 1 }, { job: 2 }])
  expect(commits).toHaveLength(1)
  await launcher.exited(0, launcher.tokens()[1] ?? 0)
  const { history } = await site.run(site.door.job('b'))
  expect(history.slice(1, 3).map(({ state }) => state)).toEqual(['AWAITING_PARENTS', 'READY'])
})

test('a key may be named before the request that has it', async () => {
  const site = await startSite()
  await site.submit([job('b', ['a']), job('a')])
  const launcher = await connected(site)
  expect(await runAll(launcher)).toEqual([2, 1])
})

test('a child with many parents starts after the last of them', async () => {
  const site = await startSite()
  await site.submit([job('a'), job('b'), job('c', ['a', 'b'])])
  const launcher = await connected(site)
  await launcher.exited(0, launcher.tokens()[1] ?? 0)
  expect(await stateOf(site, 'c')).toBe('AWAITING_PARENTS')
  await launcher.exited(0, launcher.tokens()[0] ?? 0)
  expect(launcher.tasks()).toMatchObject([{}, {}, { job: 3 }])
})

test('an array waits as a span, and goes on as one', async () => {
  const site = await startSite()
  await site.submit([job('a'), array(1_000, { parents: ['a'] })])
  expect([...site.core.site.spans.all()]).toHaveLength(2)
  const launcher = await connected(site)
  await launcher.exited(0, ...launcher.tokens())
  expect([...site.core.site.spans.all()]).toMatchObject([{ hi: 1_001 }])
  expect(site.core.site.open.size).toBe(launcher.tasks().length - 1)
})

test('100 children of one parent go on as one span, whatever their shapes', async () => {
  const site = await startSite()
  const children = Array.from({ length: 100 }, (_, index) =>
    job(`c${index}`, ['a'], { priority: index % 7 }),
  )
  await site.submit([job('a'), ...children])
  const launcher = await connected(site, 1)
  await launcher.exited(0, ...launcher.tokens())
  // A few were leased and left holes.
  expect([...site.core.site.spans.all()].length).toBeLessThan(20)
  expect((await runAll(launcher)).length).toBe(101)
})

test('who waits for an array waits for all its elements', async () => {
  const site = await startSite()
  await site.submit([array(3, { key: 'all' }), job('sum', ['all'])])
  const launcher = await connected(site)
  await launcher.exited(0, ...launcher.tokens().slice(0, 2))
  expect(await stateOf(site, 'sum')).toBe('AWAITING_PARENTS')
  await launcher.exited(0, ...launcher.tokens().slice(2))
  expect(launcher.tasks().at(-1)).toMatchObject({ job: 4 })
  expect(await site.run(site.door.job('sum'))).toMatchObject({ parents: [1, 2, 3] })
})

test('a failed parent fails its children and theirs in the same commit, and is named', async () => {
  const site = await startSite()
  await site.submit([job('a'), job('b', ['a']), job('c', ['b']), job('d')])
  const launcher = await connected(site)
  await launcher.exited(1, launcher.tokens()[0] ?? 0)
  expect(await statesOf(site)).toEqual({ FAILED: 3, PREPROCESSED: 1 })
  const messageOf = async (ref: string): Promise<unknown> =>
    (await site.run(site.door.job(ref))).history.at(-1)?.message
  expect(await messageOf('b')).toBe('parent 1 failed')
  expect(await messageOf('c')).toBe('job 1, on which its parents depend, failed')
})

test('a parent that will be tried again fails nobody yet', async () => {
  const site = await startSite()
  await site.submit([job('a', [], { maxRetries: 1 }), job('b', ['a'])])
  const launcher = await connected(site)
  await launcher.exited(1, ...launcher.tokens())
  expect(await stateOf(site, 'b')).toBe('AWAITING_PARENTS')
  await launcher.exited(0, launcher.tokens()[1] ?? 0)
  expect(launcher.tasks().at(-1)).toMatchObject({ job: 2 })
})

test('a killed parent fails its children', async () => {
  const site = await startSite()
  await site.submit([array(3, { key: 'all' }), job('b', ['all'])])
  await site.run(site.door.kill({ ids: [2] }, null))
  expect(await statesOf(site)).toEqual({ PREPROCESSED: 2, USER_KILLED: 1, FAILED: 1 })
})

test('a chain of 20,000 fails at once', async () => {
  const site = await startSite()
  const chain = Array.from({ length: 20_000 }, (_, n) => job(`${n}x`, n === 0 ? [] : [`${n - 1}x`]))
  await site.submit(chain)
  await site.run(site.door.kill({ ids: [1] }, null))
  expect(await statesOf(site)).toEqual({ USER_KILLED: 1, FAILED: 19_999 })
  expect([...site.core.site.spans.all()].length).toBeLessThan(5)
})

test('parents may be existing jobs, by id and by name', async () => {
  const site = await startSite()
  await site.submit([job('a'), job('b')])
  await site.submit([job('c', [1, 'b'])])
  expect(await site.run(site.door.job('c'))).toMatchObject({ parents: [1, 2] })
  const launcher = await connected(site)
  expect(await runAll(launcher)).toEqual([1, 2, 3])
})

test('a parent that finished long ago is not waited for', async () => {
  const site = await startSite()
  await site.submit([job('a')])
  await runAll(await connected(site))
  await site.submit([job('b', [1])])
  const { state, history } = await site.run(site.door.job('b'))
  expect(state).toBe('PREPROCESSED')
  expect(history.map((step) => step.state)).toContain('AWAITING_PARENTS')
})

test('a parent that failed long ago fails its new child', async () => {
  const site = await startSite()
  await site.submit([job('a')])
  const launcher = await connected(site)
  await launcher.exited(3, ...launcher.tokens())
  await site.submit([job('b', [1]), job('c', ['b'])])
  expect(await statesOf(site)).toEqual({ FAILED: 3 })
})

test('with waitForParents false nobody waits, and the parents are kept', async () => {
  const site = await startSite()
  await site.submit([job('a'), job('b', ['a'], { waitForParents: false })])
  expect(await site.run(site.door.job('b'))).toMatchObject({ state: 'PREPROCESSED', parents: [1] })
})

test('a cycle is refused and printed, and nothing is submitted', async () => {
  const site = await startSite()
  const requests = [job('a', ['c']), job('b', ['a']), job('c', ['b']), job('d', ['a'])]
  const refused = await refusal(site.submit(requests))
  expect(refused).toMatchObject({ code: 'DEPENDENCY_CYCLE', facts: { cycle: 'a → c → b → a' } })
  expect(await statesOf(site)).toEqual({})
})

test('a job that is its own parent is refused', async () => {
  const site = await startSite()
  const refused = await refusal(site.submit([job('a', ['a'])]))
  expect(refused).toMatchObject({ code: 'DEPENDENCY_CYCLE', facts: { cycle: 'a → a' } })
})

test('a parent that is not there is refused with the child that wants it', async () => {
  const site = await startSite()
  const byId = await refusal(site.submit([job('a', [77])]))
  expect(byId).toMatchObject({ code: 'PARENT_UNKNOWN', facts: { ref: 77, child: 'a' } })
  const byName = await refusal(site.submit([job('a', ['nobody'])]))
  expect(byName).toMatchObject({ code: 'PARENT_UNKNOWN', facts: { ref: 'nobody', child: 'a' } })
})

test('a key that is used twice is refused with the place of the second', async () => {
  const site = await startSite()
  const refused = await refusal(site.submit([job('a'), job('a')]))
  expect(refused).toMatchObject({ code: 'BAD_FIELD', facts: { field: 'key', index: 1 } })
})

test('who waits is known after a restart, whether or not the tables had caught up', async () => {
  for (const ms of [0, 100]) {
    const site = await startSite()
    await site.submit([job('a'), job('b', ['a']), array(3, { key: 'c', parents: ['a', 'b'] })])
    await site.pass(ms)
    await site.start()
    expect(await runAll(await connected(site))).toEqual([1, 2, 3, 4, 5])
  }
})

test('an abandoned submission leaves no edges', async () => {
  const site = await startSite()
  const requests = Array.from({ length: 3_000 }, (_, n) => job(`${n}x`, n === 0 ? [] : ['0x']))
  requests.push(job('last', ['gone']))
  expect(await refusal(site.submit(requests))).toMatchObject({ code: 'PARENT_UNKNOWN' })
  await site.pass(100)
  expect(site.disk.look('SELECT count(*) AS n FROM edge')).toEqual([{ n: 0 }])
})

test('a submission with many edges whose daemon dies before its end leaves none', async () => {
  const site = await startSite()
  const requests = Array.from({ length: 3_000 }, (_, n) => job(`${n}x`, n === 0 ? [] : ['0x']))
  const writer = site.door.beginSubmission(null)
  await site.run(writer.push(requests))
  site.hooks.beforeCommit = () => {
    throw new Error('the disk is gone')
  }
  void refusal(writer.finish('digest'))
  await site.pass(100)
  delete site.hooks.beforeCommit
  await site.start()
  expect(site.disk.look('SELECT count(*) AS n FROM edge')).toEqual([{ n: 0 }])
})
