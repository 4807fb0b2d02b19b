// The door of the core: calls that no other test is about.
import { expect, test } from 'vitest'
import { frameKind } from '../../../../protocol/frames.ts'
import { TestLauncher } from './launcher.ts'
import { array, request, startSite, type TestSite } from './site.ts'

const app = { name: 'Hello', executable: 'echo', description: '', envscript: '', environment: {} }

/** Any text with this in it. */
const text = (part: string): unknown => expect.stringContaining(part)

async function connected(site: TestSite): Promise<TestLauncher> {
  return new TestLauncher(site).hello(await site.allocate())
}

test('apps are listed by name', async () => {
  const site = await startSite()
  for (const name of ['b', 'a', 'c']) await site.run(site.door.addApp({ ...app, name }))
  const names = (await site.run(site.door.apps())).map(({ name }) => name)
  expect(names).toEqual(['a', 'b', 'c'])
})

test('a second app of a name is refused and changes nothing', async () => {
  const site = await startSite()
  await site.run(site.door.addApp(app))
  const second = site.door.addApp({ ...app, executable: 'rm' })
  await expect(site.run(second)).rejects.toMatchObject({ code: 'APP_EXISTS' })
  expect(await site.run(site.door.apps())).toEqual([app])
})

test('a job is found by a name that only it has', async () => {
  const site = await startSite()
  await site.submit([request({ name: 'one' }), request({ name: 'two' })])
  expect(await site.run(site.door.job('two'))).toMatchObject({ id: 2 })
})

test('a name of several jobs is refused with some of their ids', async () => {
  const site = await startSite()
  await site.submit(Array.from({ length: 9 }, () => request({ name: 'same' })))
  await expect(site.run(site.door.job('same'))).rejects.toMatchObject({
    code: 'JOB_AMBIGUOUS',
    facts: { count: 9, ids: '1, 2, 3, 4, 5 …' },
  })
})

test.for(['7', 'nobody', '99999999999999999999'])('there is no job %s', async (ref) => {
  const site = await startSite()
  await expect(site.run(site.door.job(ref))).rejects.toMatchObject({ code: 'JOB_UNKNOWN' })
})

test('a list comes in pages that follow each other', async () => {
  const site = await startSite()
  await site.submit([array(5)])
  const first = await site.run(site.door.list({}, 0, 3))
  expect(first).toMatchObject({ total: 5, truncated: true, next: 3 })
  const second = await site.run(site.door.list({}, first.next ?? 0, 3))
  expect(second.items.map(({ id }) => id)).toEqual([4, 5])
  expect(second).toMatchObject({ truncated: false, next: null })
})

test('a list shows what was decided just before', async () => {
  const site = await startSite()
  await site.submit([array(2)])
  const launcher = await connected(site)
  launcher.say([frameKind.exited, 1, [launcher.tokens()[0] ?? 0, 3, 0, 1, 1, 1, 1, 1, 0], []])
  const { items } = await site.run(site.door.list({}, 0, 10))
  expect(items).toMatchObject([
    { state: 'FAILED', return_code: 3 },
    { state: 'PREPROCESSED', return_code: null },
  ])
})

test('launchers are shown with what they run and what waits on them', async () => {
  const site = await startSite()
  await site.submit([array(3)])
  const launcher = await connected(site)
  await launcher.tell([frameKind.heartbeat, 1, 2, 0, 0])
  expect(await site.run(site.door.launchers())).toMatchObject([
    { node: 'node0', state: 'CONNECTED', cpus: 4, running: 1, queued: 2 },
  ])
  await launcher.cut()
  expect(await site.run(site.door.launchers())).toMatchObject([{ connected_at: null }])
})

test('an exit report is acknowledged once it is durable', async () => {
  const site = await startSite()
  await site.submit([request()])
  const launcher = await connected(site)
  let acknowledged = -1
  site.hooks.beforeCommit = () => {
    acknowledged = launcher.of(frameKind.ack).length
  }
  await launcher.exited(0, ...launcher.tokens())
  expect(acknowledged).toBe(0)
  expect(launcher.of(frameKind.ack)).toEqual([[frameKind.ack, 1, 1]])
})

test('an exit that is reported twice is applied once and acknowledged twice', async () => {
  const site = await startSite()
  await site.submit([request()])
  const launcher = await connected(site)
  await launcher.exited(0, ...launcher.tokens())
  await launcher.exited(1, ...launcher.tokens())
  expect(launcher.of(frameKind.ack)).toHaveLength(2)
  expect(await site.run(site.door.job('1'))).toMatchObject({ state: 'JOB_FINISHED', attempts: 1 })
})

test('a failed job is tried again as often as it may', async () => {
  const site = await startSite()
  await site.submit([request({ maxRetries: 1 })])
  const launcher = await connected(site)
  await launcher.exited(1, ...launcher.tokens())
  expect(launcher.tasks().map(({ attempt }) => attempt)).toEqual([1, 2])
  await launcher.exited(1, ...launcher.tokens().slice(1))
  expect(await site.run(site.door.job('1'))).toMatchObject({ state: 'FAILED', attempts: 2 })
})

test("a task may look at its own job by its lease's token", async () => {
  const site = await startSite()
  await site.submit([request(), request()])
  const launcher = await connected(site)
  const [own = 0] = launcher.tokens()
  await launcher.tell([frameKind.call, 5, 'GET', '/v1/jobs/1', '', own])
  await site.pass(10)
  expect(launcher.of(frameKind.answer)).toMatchObject([[frameKind.answer, 5, 200, text('"id":1,')]])
})

test.for([
  ['the kill of another job', 'POST', '/v1/kill', '{"filter":{"ids":[2]}}', 0],
  ['the removal of another job', 'POST', '/v1/remove', '{"filter":{"ids":[1,2]}}', 0],
  ['an allocation', 'POST', '/v1/allocations', '{"wallTimeMinutes":5}', 0],
  ['the end of the daemon', 'POST', '/v1/stop', '{"mode":"stop"}', 0],
  ['an unknown token', 'GET', '/v1/jobs/1', '', 999_999],
] as const)('a task is refused %s', async ([, method, path, body, token]) => {
  const site = await startSite()
  await site.submit([request(), request()])
  const launcher = await connected(site)
  const used = token || (launcher.tokens()[0] ?? 0)
  await launcher.tell([frameKind.call, 5, method, path, body, used])
  await site.pass(10)
  expect(launcher.of(frameKind.answer)).toMatchObject([
    [frameKind.answer, 5, 403, text('FORBIDDEN')],
  ])
})

test('a task of one launcher is refused over the link of another', async () => {
  const site = await startSite()
  await site.submit([request()])
  const launcher = await connected(site)
  const other = await connected(site)
  await other.tell([frameKind.call, 5, 'GET', '/v1/jobs/1', '', launcher.tokens()[0] ?? 0])
  await site.pass(10)
  expect(other.of(frameKind.answer)).toMatchObject([[frameKind.answer, 5, 403, text('FORBIDDEN')]])
})

test('a launcher started by hand gets an allocation that no scheduler is asked for', async () => {
  const site = await startSite()
  const grant = await site.run(
    site.door.registerForeign({
      node: 'n',
      nodes: 1,
      cpusPerNode: 2,
      wfFilter: '',
      jobMode: 'serial',
      wallTimeMinutes: null,
      idleExitMs: null,
      isNoExec: false,
    }),
  )
  expect(grant).toMatchObject({
    allocation: { id: 1, is_foreign: true },
    run_directory: '/site/run/allocation-1',
  })
  expect(site.scheduler.submitted).toEqual([])
})
