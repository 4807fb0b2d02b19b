// Hooks and transfers as leases: who gets them, what becomes of their outcomes, and that a restart
// goes on where the last daemon stopped.
import { expect, test } from 'vitest'
import { decideIn } from '../../../../daemon/core/core.ts'
import { frameKind, type TaskTemplate } from '../../../../protocol/frames.ts'
import type { JobRequest } from '../../../../protocol/job.ts'
import type { JobState } from '../../../../protocol/states.ts'
import { exits, TestLauncher } from './launcher.ts'
import { array, request, startSite, type TestSite } from './site.ts'

/** A site with a launcher of 4 cores and 2 hook slots. */
async function served(hookSlots = 2): Promise<{ site: TestSite; launcher: TestLauncher }> {
  const site = await startSite()
  const launcher = await new TestLauncher(site).hello(await site.allocate(), { hookSlots })
  return { site, launcher }
}

async function connect(site: TestSite, held: readonly number[]): Promise<TestLauncher> {
  const [allocation] = site.core.allocations.keys()
  return new TestLauncher(site).hello(allocation ?? 0, { hookSlots: 2, held })
}

async function settled(site: TestSite): Promise<void> {
  await site.run(site.core.settled())
}

const hooked: Partial<JobRequest> = { preprocess: 'pre', postprocess: 'post' }

async function stateOf(site: TestSite, id = 1): Promise<JobState> {
  return (await site.run(site.door.job(String(id)))).state
}

async function historyOf(site: TestSite, id = 1): Promise<string[]> {
  const { history } = await site.run(site.door.job(String(id)))
  return history.map(({ state, message }) => (message === '' ? state : `${state}: ${message}`))
}

function templates(launcher: TestLauncher): TaskTemplate[] {
  return launcher.heard.flatMap((frame) => (frame[0] === frameKind.assign ? frame[2] : []))
}

/** Sets a state as the task with this token does; 0: as a user. */
function force(site: TestSite, to: JobState, asker: number): Promise<void> {
  return site.run(
    site.core.loop.ask('force', (turn) =>
      decideIn(site.core, turn, ['force', [1, 1], to, 'why', asker]),
    ),
  )
}

/** Reports a failed step with what its log says. */
function failed(launcher: TestLauncher, token: number, reason: string): Promise<void> {
  return launcher.tell([frameKind.exited, 1, exits(3, [token]), [[token, reason]]])
}

test('a job is preprocessed, run and postprocessed, one lease after another', async () => {
  const { site, launcher } = await served()
  await site.submit([request(hooked)])
  await settled(site)
  expect(await stateOf(site)).toBe('STAGED_IN')
  for (const expected of ['PREPROCESSED', 'RUN_DONE', 'JOB_FINISHED'] as const) {
    await launcher.exited(0, launcher.tokens().at(-1) ?? 0)
    expect(await stateOf(site)).toBe(expected)
  }
  expect(launcher.tasks()).toHaveLength(3)
  const [pre, run, post] = templates(launcher)
  expect([pre?.cpus, pre?.argv, run?.cpus, run?.argv, post?.argv]).toEqual([
    0,
    ['pre'],
    1,
    ['true'],
    ['post'],
  ])
  expect(pre?.step).toMatchObject({ log: 'preprocess.log', header: '# Balsam Preprocessor: pre\n' })
})

test('a launcher gets no more steps than slots, and no cores are taken for them', async () => {
  const { site, launcher } = await served(2)
  await site.submit([
    array(5, hooked),
    request({ name: 'plain', resources: { cpus: 4, nodePackingCount: 1 } }),
  ])
  await settled(site)
  expect(launcher.tasks().map(({ job }) => job)).toEqual([6, 1, 2])
})

test('a preprocess that fails ends its job with what its log says', async () => {
  const { site, launcher } = await served()
  await site.submit([request(hooked)])
  await settled(site)
  await failed(launcher, launcher.tokens()[0] ?? 0, 'exit code 3\nno input')
  expect((await historyOf(site)).at(-1)).toBe('FAILED: exit code 3\nno input')
})

test('a step that is lost or given back is done again, with a new token', async () => {
  const { site, launcher } = await served()
  await site.submit([request(hooked)])
  await settled(site)
  const [first = 0] = launcher.tokens()
  await launcher.tell([frameKind.returned, [first]])
  const [, second = 0] = launcher.tokens()
  await launcher.tell([frameKind.exited, 1, exits(0, [second]), [[second, 'lost']]])
  const [, , third = 0] = launcher.tokens()
  expect(new Set([first, second, third]).size).toBe(3)
  expect(await stateOf(site)).toBe('STAGED_IN')
  await launcher.exited(0, third)
  expect(await stateOf(site)).toBe('PREPROCESSED')
})

test('a kill ends the hook, and its success afterwards changes nothing', async () => {
  const { site, launcher } = await served()
  await site.submit([request(hooked)])
  await settled(site)
  const [token = 0] = launcher.tokens()
  await site.run(site.door.kill({ ids: [1] }, null))
  expect(launcher.killed()).toEqual([token])
  await launcher.exited(0, token)
  expect(await stateOf(site)).toBe('USER_KILLED')
  expect(site.core.site.open.size).toBe(0)
})

test('the hook of a killed job gets less grace than a run', async () => {
  const { site, launcher } = await served()
  await site.submit([request(hooked)])
  await settled(site)
  await site.run(site.door.kill({ ids: [1] }, 60_000))
  const [kill] = launcher.of(frameKind.kill)
  expect(kill?.[3]).toBeLessThan(1_000)
})

const handler: Partial<JobRequest> = { postprocess: 'post', postErrorHandler: true }

/** Runs a job until its error handler runs; gives the handler's token. */
async function handling(site: TestSite, launcher: TestLauncher): Promise<number> {
  await site.submit([request(handler)])
  await settled(site)
  await launcher.exited(7, launcher.tokens().at(-1) ?? 0)
  expect(await stateOf(site)).toBe('RUN_ERROR')
  return launcher.tokens().at(-1) ?? 0
}

test('a handler knows by its environment what it is to handle', async () => {
  const { site, launcher } = await served()
  await handling(site, launcher)
  const last = templates(launcher).at(-1)
  expect(last?.environment['BALSAM_JOB_ERROR']).toBe('TRUE')
  expect(last?.step).toMatchObject({
    header: '# Balsam Postprocessor: post\n# Invoked to handle RUN_ERROR\n',
  })
})

test('a handler that sets RESTART_READY ends first, then the job runs again', async () => {
  const { site, launcher } = await served()
  const token = await handling(site, launcher)
  await force(site, 'RESTART_READY', token)
  expect(launcher.killed()).toEqual([])
  expect(launcher.tokens().at(-1)).toBe(token)
  await launcher.exited(0, token)
  expect(launcher.tokens().at(-1)).not.toBe(token)
  expect(await historyOf(site)).toContain('RESTART_READY: why')
})

test('a handler that sets its job to JOB_FINISHED goes on until it ends by itself', async () => {
  const { site, launcher } = await served()
  const token = await handling(site, launcher)
  await force(site, 'JOB_FINISHED', token)
  await settled(site)
  await site.start()
  const again = await connect(site, [token])
  expect(again.killed()).toEqual([])
  expect(site.core.site.leases.has(token)).toBe(true)
  await again.exited(0, token)
  expect([await stateOf(site), site.core.site.open.size]).toEqual(['JOB_FINISHED', 0])
})

test('a handler that changes nothing leaves its job FAILED', async () => {
  const { site, launcher } = await served()
  const token = await handling(site, launcher)
  await launcher.exited(0, token)
  expect((await historyOf(site)).at(-1)).toBe('FAILED: its handler named no state')
})

test('a state that a user sets ends the hook, also after a restart of the daemon', async () => {
  const { site, launcher } = await served()
  const token = await handling(site, launcher)
  await force(site, 'RESTART_READY', 0)
  expect(launcher.killed()).toEqual([token])
  await settled(site)
  await site.start()
  const again = await connect(site, [token])
  expect(again.killed()).toEqual([token])
  await again.exited(0, token)
  expect(again.tokens()).toHaveLength(1)
})

test('a restart of the daemon leaves a hook with the launcher that runs it', async () => {
  const { site, launcher } = await served()
  await site.submit([request(hooked)])
  await settled(site)
  const [token = 0] = launcher.tokens()
  await site.start()
  const again = await connect(site, [token])
  expect(again.tokens()).toEqual([])
  await again.exited(0, token)
  expect(await stateOf(site)).toBe('PREPROCESSED')
})

test('a launcher that never got a step is sent it again', async () => {
  const { site, launcher } = await served()
  await site.submit([request(hooked)])
  await settled(site)
  const again = await connect(site, [])
  expect(again.tokens()).toEqual(launcher.tokens())
})

test('a hook whose allocation has ended is done elsewhere', async () => {
  const { site, launcher } = await served()
  await site.submit([request(hooked)])
  await settled(site)
  const [first = 0] = launcher.tokens()
  const other = await new TestLauncher(site).hello(await site.allocate(), { hookSlots: 1 })
  site.scheduler.ended.add(1)
  await site.pass(10_000)
  expect(other.tokens().at(-1)).toBeGreaterThan(first)
})

test('a run and its hooks are told of the parents, whenever these have ended', async () => {
  const { site, launcher } = await served()
  const parents = ['a', 'b']
  await site.submit([request({ name: 'a' }), request({ name: 'b' })])
  await settled(site)
  await launcher.exited(0, ...launcher.tokens())
  await site.submit([request({ name: 'c', parents, preprocess: 'pre', inputFiles: ['*'] })])
  await settled(site)
  for (const _ of [1, 2]) await launcher.exited(0, launcher.tokens().at(-1) ?? 0)
  const own = templates(launcher).slice(2)
  expect(own.map(({ environment }) => environment['BALSAM_PARENT_IDS'])).toEqual([
    '[1,2]',
    '[1,2]',
    '[1,2]',
  ])
  expect(own[0]?.step).toMatchObject({
    kind: 'stageIn',
    globs: ['*'],
    parents: [
      [1, '/'],
      [2, '/'],
    ],
  })
})

test('where no launcher has hook slots the daemon asks for one of its own', async () => {
  const { site } = await served(0)
  await site.submit([request(hooked)])
  await settled(site)
  expect(site.scheduler.submitted).toHaveLength(1)
  await site.pass(3_000)
  const own = site.scheduler.submitted.at(-1)
  expect(own?.request).toMatchObject({ isHooks: true, cpusPerNode: 0 })
  const launcher = await new TestLauncher(site).hello(own?.id ?? 0, { cpus: 0, hookSlots: 5 })
  expect(launcher.tasks()).toHaveLength(1)
  await site.pass(100_000)
  expect(site.scheduler.submitted).toHaveLength(2)
})

test('a job without hooks asks for no launcher of the daemon', async () => {
  const site = await startSite()
  await site.submit([array(10)])
  await site.pass(100_000)
  expect(site.scheduler.submitted).toEqual([])
})

test('retries are for the failures that retryOn names', async () => {
  const { site, launcher } = await served()
  await site.submit([request({ maxRetries: 5, retryOn: ['exit:3', 'signal'] })])
  await settled(site)
  await launcher.exited(3, launcher.tokens().at(-1) ?? 0)
  expect(await stateOf(site)).toBe('RESTART_READY')
  await launcher.exited(4, launcher.tokens().at(-1) ?? 0)
  expect((await historyOf(site)).slice(-2)).toEqual([
    'RUN_ERROR: exit code 4, which is not to be tried again',
    'FAILED',
  ])
})

test('an app’s hooks and resources are its jobs’, unless these say otherwise', async () => {
  const { site, launcher } = await served()
  await site.run(
    site.door.addApp({
      name: 'app',
      executable: 'exe',
      description: '',
      envscript: '',
      environment: {},
      preprocess: 'pre',
      resources: { cpus: 3, threadsPerRank: 8 },
    }),
  )
  const writer = site.door.beginSubmission(null)
  const { resources: _, command: __, ...rest } = request({ application: 'app' })
  const plain = { ...rest, command: null }
  await site.run(
    writer
      .push([
        { ...plain, resources: {} },
        { ...plain, name: 'b', preprocess: '', resources: { cpus: 1 } },
      ])
      .then(() => writer.finish('x')),
  )
  await settled(site)
  await launcher.exited(0, launcher.tasks().find(({ job }) => job === 1)?.token ?? 0)
  const runs = templates(launcher).filter(({ step }) => step === undefined)
  expect(runs.map(({ cpus }) => cpus)).toEqual([1, 3])
  expect(runs.map(({ environment }) => environment['OMP_NUM_THREADS'])).toEqual(['8', '8'])
})

test('a parent that was added just now is known to the stage-in that follows at once', async () => {
  const { site, launcher } = await served()
  await site.submit([request({ name: 'p' })])
  await site.submit([request({ name: 'reduce', parents: [1], inputFiles: ['*'] })])
  await site.submit([request({ name: 'late' })])
  await launcher.exited(0, launcher.tokens()[1] ?? 0)
  await settled(site)
  // No time passes between the new edge, the parent's end and the lease: the tables are behind.
  await site.run(site.door.addDependencies({ edges: [[3, 2]] }))
  await launcher.exited(0, launcher.tokens()[0] ?? 0)
  const stageIn = templates(launcher).find(({ step }) => step?.kind === 'stageIn')
  expect(stageIn?.step).toMatchObject({
    parents: [
      [1, '/'],
      [3, '/'],
    ],
  })
})
