// Modify: what jobs become, what stays a range, what launchers are told, what is refused.
import { expect, test } from 'vitest'
import type { JobChanges, ModifyRequest } from '../../../../protocol/calls.ts'
import { frameKind } from '../../../../protocol/frames.ts'
import type { JobFilter } from '../../../../protocol/job.ts'
import { TestLauncher } from './launcher.ts'
import { array, request, startSite, type TestSite } from './site.ts'

async function connected(site: TestSite): Promise<TestLauncher> {
  return new TestLauncher(site).hello(await site.allocate())
}

function modify(
  site: TestSite,
  filter: JobFilter,
  changes: JobChanges,
  more: Partial<ModifyRequest> = {},
): Promise<unknown> {
  return site.run(site.door.modify({ filter, changes, ...more }))
}

async function checked(site: TestSite): Promise<void> {
  expect(await site.run(site.door.check())).toMatchObject({ breaches: [], integrity: 'ok' })
}

test('a waiting job takes new fields, and its history says which and why', async () => {
  const site = await startSite()
  await site.submit([request(), request()])
  expect(
    await modify(
      site,
      { ids: [2] },
      { priority: 5, command: ['echo', 'b'] },
      { message: 'why not' },
    ),
  ).toMatchObject({ modified: 1, dry_run: false })
  const job = await site.run(site.door.job('2'))
  expect(job).toMatchObject({ priority: 5, argv: ['echo', 'b'] })
  expect(job.history.at(-1)).toMatchObject({
    state: 'PREPROCESSED',
    message: 'priority = 5, command = ["echo","b"]: why not',
  })
  expect((await site.run(site.door.job('1'))).argv).toEqual(['true'])
  await checked(site)
})

test('jobs are leased by their new priority', async () => {
  const site = await startSite()
  await site.submit([array(4), request({ name: 'b' })])
  await modify(site, { ids: [5] }, { priority: 9 })
  await modify(site, { ids: [3] }, { priority: 10 })
  const launcher = await connected(site)
  expect(launcher.tasks().map(({ job }) => job)).toEqual([3, 5, 1, 2])
})

test('a whole array is changed in place and stays one range', async () => {
  const site = await startSite()
  await site.submit([array(1_000)])
  await modify(site, {}, { resources: { cpus: 2 }, tags: { exp: 'foo' } })
  expect([...site.core.site.spans.all()].map(({ lo, hi }) => [lo, hi])).toEqual([[1, 1_000]])
  expect(await site.run(site.door.tally({ tags: { exp: 'foo' } }))).toMatchObject({ total: 1_000 })
  await checked(site)
})

test('a part of an array is split off, and each element keeps its name and index', async () => {
  const site = await startSite()
  await site.submit([array(10, { command: ['echo', '{i}'] })])
  await modify(site, { ranges: [[4, 6]], ids: [9] }, { priority: 1 })
  const page = await site.run(site.door.query({ fields: ['priority'] }))
  expect(page.items.map(({ name }) => name)).toEqual(
    Array.from({ length: 10 }, (_, at) => `a-${at + 1}`),
  )
  expect(page.items.map(({ fields }) => fields?.['priority'])).toEqual([
    0, 0, 0, 1, 1, 1, 0, 0, 1, 0,
  ])
  expect(await site.run(site.door.job('9'))).toMatchObject({ array_index: 9, argv: ['echo', '9'] })
  expect(await site.run(site.door.job('10'))).toMatchObject({ argv: ['echo', '10'] })
  await checked(site)
})

test('launchers get new templates for the tasks after a change', async () => {
  const site = await startSite()
  await site.submit([array(40)])
  const launcher = await connected(site)
  await modify(site, {}, { command: ['echo'] })
  await launcher.exited(0, ...launcher.tokens())
  expect(launcher.commands()).toEqual(['true', 'echo'])
})

test('what waits at a launcher is taken back when its command changes', async () => {
  const site = await startSite()
  await site.submit([request()])
  const launcher = await connected(site)
  const [token = 0] = launcher.tokens()
  await modify(site, {}, { command: ['echo'] })
  expect(launcher.of(frameKind.takeBack)).toEqual([[frameKind.takeBack, 1, [token]]])
  await launcher.tell([frameKind.returned, [token]])
  expect(launcher.tokens()).toHaveLength(2)
  const job = await site.run(site.door.job('1'))
  expect(job).toMatchObject({ attempts: 1, argv: ['echo'] })
  expect(job.attempt_list).toHaveLength(1)
})

test('a running task goes on, and only its next attempt is changed', async () => {
  const site = await startSite()
  await site.submit([request({ maxRetries: 1 })])
  const launcher = await connected(site)
  await launcher.started(...launcher.tokens())
  await modify(site, {}, { command: ['echo'] })
  expect(launcher.killed()).toEqual([])
  await launcher.exited(3, ...launcher.tokens())
  expect(launcher.commands()).toEqual(['true', 'echo'])
  const job = await site.run(site.door.job('1'))
  expect(job.attempt_list.map(({ spec_version }) => spec_version)).toEqual([1, 2])
})

test('data and tags of ended jobs are merged, null deletes, and replacing replaces', async () => {
  const site = await startSite()
  await site.submit([request({ tags: { a: '1', b: '2' }, data: { r: 1 } })])
  const launcher = await connected(site)
  await launcher.exited(0, ...launcher.tokens())
  await modify(site, {}, { tags: { a: null, c: '3' }, data: { e: 2 } })
  const job = await site.run(site.door.job('1'))
  expect(job).toMatchObject({
    state: 'JOB_FINISHED',
    tags: { b: '2', c: '3' },
    data: { r: 1, e: 2 },
  })
  expect(job.history.at(-1)).toMatchObject({ state: 'JOB_FINISHED' })
  await modify(site, {}, { tags: { x: 'y' } }, { isReplacing: true })
  expect((await site.run(site.door.job('1'))).tags).toEqual({ x: 'y' })
  await checked(site)
})

test('the history before a change is told by the rules of before', async () => {
  const site = await startSite()
  await site.submit([request()])
  const launcher = await connected(site)
  await launcher.exited(3, ...launcher.tokens())
  await modify(site, {}, { maxRetries: 5 })
  const job = await site.run(site.door.job('1'))
  expect(job.state).toBe('FAILED')
  expect(job.history.at(-1)).toMatchObject({ state: 'FAILED' })
  expect(job.history.map(({ state }) => state)).not.toContain('RESTART_READY')
})

test('a job moves to another workflow, in counts and in waits', async () => {
  const site = await startSite()
  await site.submit([array(5)])
  await modify(site, { ranges: [[2, 3]] }, { workflow: 'v' })
  expect(site.core.site.tallies.states('w')).toEqual({ PREPROCESSED: 3 })
  expect(await site.run(site.door.tally({ workflow: 'v' }))).toMatchObject({ total: 2 })
  await checked(site)
})

test.each([
  ['an unknown app', { application: 'X' }, 'no app is named X'],
  ['a bad name', { name: 'a/b' }, 'holds a slash'],
  ['no command', { command: [] }, 'there is no command'],
])('%s changes nothing', async (_name, changes, said) => {
  const site = await startSite()
  await site.submit([request(), array(3)])
  await expect(modify(site, {}, changes)).rejects.toThrow(said)
  expect(site.disk.look('SELECT * FROM spec_change')).toEqual([])
  expect((await site.run(site.door.job('1'))).history).toHaveLength(4)
})

test('name and workflow stay once a job has run', async () => {
  const site = await startSite()
  await site.submit([array(2, { resources: { cpus: 4, nodePackingCount: 1 } })])
  await connected(site)
  await expect(modify(site, {}, { name: 'b' })).rejects.toThrow('working directory')
  await modify(site, { ids: [2] }, { name: 'b' })
  expect(await site.run(site.door.job('b-2'))).toMatchObject({ id: 2 })
})

test('a state is set where the machine itself would go', async () => {
  const site = await startSite()
  await site.submit([array(3)])
  expect(await modify(site, { ids: [2] }, { state: 'USER_KILLED' })).toMatchObject({ modified: 1 })
  expect(await site.run(site.door.job('2'))).toMatchObject({ state: 'USER_KILLED' })
  expect(site.core.site.open.size).toBe(0)
  await checked(site)
})

test('any other state must be forced', async () => {
  const site = await startSite()
  await site.submit([array(3)])
  const changes = { state: 'JOB_FINISHED' } as const
  await expect(modify(site, { ids: [2] }, changes)).rejects.toThrow("can't be set to JOB_FINISHED")
  await modify(site, { ids: [2] }, changes, { isForced: true })
  expect(await site.run(site.door.job('2'))).toMatchObject(changes)
  await checked(site)
})

test('a failed job is set to run again, with a message', async () => {
  const site = await startSite()
  await site.submit([request()])
  const launcher = await connected(site)
  await launcher.exited(3, ...launcher.tokens())
  await modify(site, {}, { state: 'RESTART_READY', args: '' }, { message: 'once more' })
  expect(launcher.tokens()).toHaveLength(2)
  const job = await site.run(site.door.job('1'))
  expect(job).toMatchObject({ state: 'RESTART_READY', attempts: 2 })
  expect(job.history.at(-1)).toMatchObject({ message: 'once more' })
})

test('no state leads out of USER_KILLED, forced or not', async () => {
  const site = await startSite()
  await site.submit([request()])
  await site.run(site.door.kill({}, 0))
  await expect(modify(site, {}, { state: 'RESTART_READY' }, { isForced: true })).rejects.toThrow(
    'USER_KILLED',
  )
})

test('a running job that is forced elsewhere loses its task', async () => {
  const site = await startSite()
  await site.submit([request()])
  const launcher = await connected(site)
  await launcher.started(...launcher.tokens())
  await modify(site, {}, { state: 'FAILED' }, { isForced: true })
  expect(launcher.of(frameKind.kill)).toHaveLength(1)
  await launcher.exited(0, ...launcher.tokens())
  expect(await site.run(site.door.job('1'))).toMatchObject({ state: 'FAILED' })
  expect(site.core.site.open.size).toBe(0)
})

test('a dry run counts and changes nothing', async () => {
  const site = await startSite()
  await site.submit([array(5)])
  expect(await modify(site, {}, { priority: 1 }, { isDryRun: true })).toMatchObject({
    modified: 5,
    dry_run: true,
  })
  expect(await site.run(site.door.job('1'))).toMatchObject({ priority: 0 })
})

test('a change survives a daemon that dies before the tables show it', async () => {
  const site = await startSite()
  await site.submit([array(5), request({ name: 'b' })])
  site.hooks.beforeCommit = () => undefined
  const asked = site.door.modify({ filter: { ranges: [[3, 4]] }, changes: { command: ['echo'] } })
  for (let steps = 0; steps < 10_000; steps += 1) {
    await new Promise((resolve) => setImmediate(resolve))
    if (site.disk.look('SELECT 1 FROM spec_change WHERE seq IS NOT NULL').length > 0) break
    site.time.step()
  }
  void asked.catch(() => undefined)
  site.kill()
  site.disk.crash()
  await site.start()
  expect(await site.run(site.door.job('3'))).toMatchObject({ argv: ['echo'] })
  expect(await site.run(site.door.job('5'))).toMatchObject({ argv: ['true'], name: 'a-5' })
  expect(site.disk.look('SELECT * FROM spec_change')).toEqual([])
  await checked(site)
})
