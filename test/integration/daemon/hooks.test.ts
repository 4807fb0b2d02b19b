// Hooks and transfers with real processes, one for one as in Balsam 0.3's own tests, and all the
// ways in which a hook can go wrong.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { isLiving, processesOf } from '../../support/processes.ts'
import type { TestSite, World } from '../../support/site.ts'
import { makeWorld } from '../../support/site.ts'
import { until } from '../../support/until.ts'
import { directory, ended, historyOf, script, submitJob, textIn } from './hooked-jobs.ts'
import { launch } from './tasks.ts'

let world: World
let site: TestSite
beforeEach(async () => {
  world = await makeWorld()
  site = await world.makeSite()
})
afterEach(() => world.close())

test('a job is staged in, preprocessed, run, postprocessed and staged out', async () => {
  const from = directory(world, 'remote', { 'side0.dat': '9\n' })
  const out = join(world.base, 'results')
  const square = script(
    world,
    'square',
    'read x < side0.dat; echo Hello from square; echo $((x * x)) > square.dat',
  )
  const id = await submitJob(world, site, {
    name: 'square',
    command: [square],
    stageInUrl: `local:${from}`,
    stageOutUrl: `local:${out}`,
    stageOutFiles: ['square.dat', '*.out'],
    preprocess: script(world, 'pre', 'echo pre of $BALSAM_JOB_ID; cat side0.dat; env'),
    postprocess: script(world, 'post', 'echo post of $BALSAM_JOB_ID; cat square.dat'),
  })
  await launch(site)
  await ended(site)
  expect((await historyOf(site, id)).join(' ')).toBe(
    'CREATED READY STAGED_IN PREPROCESSED RUNNING RUN_DONE POSTPROCESSED JOB_FINISHED',
  )
  const pre = await textIn(site, id, 'preprocess.log')
  expect(pre).toContain(`# Balsam Preprocessor: ${world.base}/pre\npre of ${id}\n9\n`)
  expect(pre).toContain(`BALSAM_DB_PATH=${site.path}\n`)
  expect(pre).toContain('BALSAM_LAUNCHER_NODES=1\n')
  expect(pre).toContain('BALSAM_JOB_MODE=serial\n')
  expect(await textIn(site, id, 'postprocess.log')).toContain(`post of ${id}\n81\n`)
  expect(readFileSync(join(out, 'square.dat'), 'utf8')).toBe('81\n')
  expect(readFileSync(join(out, 'square.out'), 'utf8')).toBe('Hello from square\n')
})

test('without a launcher the daemon runs hooks itself', async () => {
  const pre = script(world, 'pre', 'echo here')
  const id = await submitJob(world, site, { name: 'j', command: ['true'], preprocess: pre })
  await until('it is preprocessed', async () => (await site.job(id)).state === 'PREPROCESSED')
  expect(await textIn(site, id, 'preprocess.log')).toContain('here\n')
})

test('a job whose error nobody handles fails, though its output exists', async () => {
  const app = script(world, 'app', 'echo done > result; exit 1')
  const id = await submitJob(world, site, { name: 'j', command: [app] })
  await launch(site)
  await ended(site)
  expect((await historyOf(site, id)).slice(-2)).toEqual(['RUN_ERROR: exit code 1', 'FAILED'])
  expect(await textIn(site, id, 'result')).toBe('done\n')
})

test('a handler is told of the error, and that it did nothing makes the job fail', async () => {
  const app = script(world, 'app', 'exit 1')
  const post = script(world, 'post', 'echo error $BALSAM_JOB_ERROR timeout $BALSAM_JOB_TIMEOUT')
  const id = await submitJob(world, site, {
    name: 'j',
    command: [app],
    postprocess: post,
    postErrorHandler: true,
  })
  await launch(site)
  await ended(site)
  const log = await textIn(site, id, 'postprocess.log')
  expect(log).toContain('# Invoked to handle RUN_ERROR\nerror TRUE timeout\n')
  expect((await historyOf(site, id)).at(-1)).toBe('FAILED: its handler named no state')
})

test('a preprocess that fails is told with the end of what it said', async () => {
  const pre = script(world, 'pre', 'for i in $(seq 40); do echo line $i; done; exit 3')
  const id = await submitJob(world, site, { name: 'j', command: ['true'], preprocess: pre })
  await launch(site)
  await ended(site)
  const lines = (await historyOf(site, id)).at(-1)?.split('\n') ?? []
  expect([lines[0], lines[1], lines.at(-1), lines.length]).toEqual([
    'FAILED: exit code 3',
    'line 25',
    'line 40',
    17,
  ])
})

test('a hook that is missing is refused with the job, or when it is looked for', async () => {
  const job = { name: 'j', command: ['true'], preprocess: join(world.base, 'nowhere') }
  await expect(submitJob(world, site, job)).rejects.toThrow(/there is no file .*nowhere/)
  const id = await submitJob(world, site, { ...job, preprocess: 'no-such-hook --x' })
  await launch(site)
  await ended(site)
  expect((await historyOf(site, id)).at(-1)).toBe('FAILED: ENOENT: no-such-hook')
})

test('a hook that may not be executed fails its job with the reason', async () => {
  const place = directory(world, 'scripts', { 'pre.sh': '#!/bin/sh\n' })
  const preprocess = join(place, 'pre.sh')
  const id = await submitJob(world, site, { name: 'j', command: ['true'], preprocess })
  await launch(site)
  await ended(site)
  expect((await historyOf(site, id)).at(-1)).toBe(`FAILED: EACCES: ${preprocess}`)
})

test('a hook of the working directory goes before one on the PATH', async () => {
  const from = directory(world, 'remote', {})
  script(world, 'remote/ls', 'echo ours')
  const id = await submitJob(world, site, {
    name: 'j',
    command: ['true'],
    stageInUrl: `file:${from}`,
    preprocess: 'ls',
  })
  await launch(site)
  await ended(site)
  expect(await textIn(site, id, 'preprocess.log')).toBe('# Balsam Preprocessor: ls\nours\n')
})

test('a hook that hangs is ended with all its processes when its time is over', async () => {
  await site.ok('config', 'set', 'hooks.timeout', '1s')
  await site.balsamd('restart')
  const pre = script(
    world,
    'pre',
    `trap '' TERM; setsid sleep 300 & sleep 300 & echo waiting; wait; sleep 300`,
  )
  const id = await submitJob(world, site, { name: 'j', command: ['true'], preprocess: pre })
  await launch(site)
  await ended(site)
  expect((await historyOf(site, id)).at(-1)).toMatch(/^FAILED: not done after 1 s\n.*\nwaiting$/)
  expect(hookProcesses()).toEqual([])
})

test('a hook that leaves a daemon behind is done when it ends, and so is the daemon', async () => {
  const pre = script(world, 'pre', 'setsid sleep 300 >/dev/null 2>&1 </dev/null & echo left')
  const id = await submitJob(world, site, { name: 'j', command: ['true'], preprocess: pre })
  await launch(site)
  await ended(site)
  expect(await site.job(id)).toMatchObject({ state: 'JOB_FINISHED' })
  expect(hookProcesses()).toEqual([])
})

test('a hook that prints a gigabyte does no harm', async () => {
  const pre = script(world, 'pre', 'head -c 1000000000 /dev/zero; echo the end; exit 1')
  const id = await submitJob(world, site, { name: 'j', command: ['true'], preprocess: pre })
  await launch(site)
  await ended(site)
  const { working_directory: place } = await site.job(id)
  expect(statSync(join(place, 'preprocess.log')).size).toBeGreaterThan(1_000_000_000)
  const said = (await historyOf(site, id)).at(-1) ?? ''
  expect([said.startsWith('FAILED: exit code 1'), said.endsWith('the end')]).toEqual([true, true])
  expect(said.length).toBeLessThan(5_000)
})

test('a job killed while its preprocess runs is gone within a second and never runs', async () => {
  const pre = script(
    world,
    'pre',
    `trap '' TERM; echo $$ > ${world.base}/pid; sleep 300; sleep 300`,
  )
  const id = await submitJob(world, site, { name: 'j', command: ['true'], preprocess: pre })
  await launch(site)
  const file = join(world.base, 'pid')
  await until('the preprocess runs', () => existsSync(file) && readFileSync(file, 'utf8') !== '')
  const pid = Number(readFileSync(file, 'utf8'))
  await site.ok('kill', String(id))
  const from = performance.now()
  await until('it is dead', () => !isLiving(pid), 5_000)
  expect(performance.now() - from).toBeLessThan(1_000)
  await ended(site)
  expect((await historyOf(site, id)).slice(-2)).toEqual([
    'STAGED_IN',
    'USER_KILLED: killed by the user',
  ])
})

test('a hook goes on with another launcher when its own dies, and runs only once', async () => {
  const pre = script(world, 'pre', `echo $$ >> ${world.base}/pids`, `sleep 1`)
  const id = await submitJob(world, site, { name: 'j', command: ['true'], preprocess: pre })
  await launch(site)
  const file = join(world.base, 'pids')
  await until('the preprocess runs', () => existsSync(file))
  const launcher = processesOf({ id: site.id(), path: site.path }).find(({ command }) =>
    command.some((word) => word.endsWith('/dist/launcher.js')),
  )
  process.kill(launcher?.pid ?? Number.NaN, 'SIGKILL')
  await ended(site)
  expect(await site.job(id)).toMatchObject({ state: 'JOB_FINISHED' })
  expect(readFileSync(file, 'utf8').trim().split('\n')).toHaveLength(1)
})

test('a transfer from nowhere fails its job with the reason', async () => {
  const id = await submitJob(world, site, {
    name: 'j',
    command: ['true'],
    stageInUrl: `local:${world.base}/nothing`,
  })
  await launch(site)
  await ended(site)
  expect((await historyOf(site, id)).at(-1)).toMatch(/^FAILED: ENOENT: .*nothing.*tried 3 times/)
})

test('the job’s own directory is made when it is missing, and taken when it is there', async () => {
  const userWorkdir = join(world.base, 'mine/deep')
  const pre = script(world, 'pre', 'pwd')
  const id = await submitJob(world, site, {
    name: 'j',
    command: ['pwd'],
    userWorkdir,
    preprocess: pre,
  })
  await launch(site)
  await ended(site)
  expect(await site.job(id)).toMatchObject({ working_directory: userWorkdir })
  expect(readFileSync(join(userWorkdir, 'j.out'), 'utf8')).toBe(`${userWorkdir}\n`)
  expect(await textIn(site, id, 'preprocess.log')).toContain(`${userWorkdir}\n`)
})

test('matches in parents’ directories are linked, and clashes get the parent’s id', async () => {
  const make = script(world, 'make', 'echo $BALSAM_JOB_ID > result.dat; echo no > other')
  const sum = script(world, 'sum', 'cat result.dat*; echo $BALSAM_PARENT_IDS')
  const parents = ['p1', 'p2']
  for (const name of parents) await submitJob(world, site, { name, command: [make] })
  const id = await submitJob(world, site, {
    name: 'c',
    command: [sum],
    parents,
    inputFiles: ['*.dat', 'p*.out'],
  })
  await launch(site)
  await ended(site)
  expect(await textIn(site, id, 'c.out')).toBe('1\n2\n[1,2]\n')
  const { working_directory: place } = await site.job(id)
  expect(readdirSync(place).sort()).toEqual([
    'c.out',
    'p1.out',
    'p2.out',
    'result.dat',
    'result.dat_2',
  ])
})

/** Processes that carry the mark of a task. */
function hookProcesses(): string[] {
  return processesOf({ id: site.id(), path: site.path })
    .filter(({ variables }) => variables['BALSAM_TASK_MARKER'] !== undefined)
    .map(({ command }) => command.join(' '))
}
