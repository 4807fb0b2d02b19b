// What the daemon does to running jobs: kill, the end of an allocation's time.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { isLiving, processesOf } from '../../support/processes.ts'
import type { TestSite, World } from '../../support/site.ts'
import { makeWorld } from '../../support/site.ts'
import { until } from '../../support/until.ts'
import { launch, submitSteered } from './tasks.ts'

let world: World
let site: TestSite
beforeEach(async () => {
  world = await makeWorld()
  site = await world.makeSite()
})
afterEach(() => world.close())

/** Ms from the end of the command, when the kill has been accepted, to the task's death. */
async function msUntilDead(pid: number): Promise<number> {
  const from = performance.now()
  await until(`process ${pid} is dead`, () => !isLiving(pid), 10_000)
  return performance.now() - from
}

test('a killed job gets TERM, may end in its own way, and is gone within a second', async () => {
  const trap = `trap 'echo told >"${world.base}/told"; exit 0' TERM; `
  const job = await submitSteered(site, world.base, { name: 'j', prefix: trap })
  await launch(site)
  const pid = await job.running()
  expect(await site.balsam('kill', 'j')).toMatchObject({ code: 0 })
  expect(await msUntilDead(pid)).toBeLessThan(1_000)
  expect((await world.bash(`cat ${world.base}/told`)).out).toBe('told\n')
  expect(await site.job(job.id)).toMatchObject({ state: 'USER_KILLED' })
})

test('a killed job that ignores TERM gets KILL after its grace, as do its children', async () => {
  const prefix = `trap '' TERM; sh -c 'trap "" TERM; sleep 300' & setsid sh -c 'sleep 300' & `
  const job = await submitSteered(site, world.base, { name: 'j', prefix })
  await launch(site)
  const pid = await job.running()
  const marked = (): number =>
    processesOf({ id: site.id(), path: site.path }).filter(
      ({ variables }) => variables['BALSAM_TASK_MARKER'] !== undefined,
    ).length
  expect(marked()).toBeGreaterThanOrEqual(4)
  expect(await site.balsam('kill', 'j', '--grace', '0.3s')).toMatchObject({ code: 0 })
  expect(await msUntilDead(pid)).toBeLessThan(1_000)
  await until('all processes of the task are gone', () => marked() === 0, 5_000)
  expect(await site.job(job.id)).toMatchObject({ state: 'USER_KILLED' })
})

test('a kill while no launcher is connected takes effect when it is back', async () => {
  const job = await submitSteered(site, world.base, { name: 'j' })
  await launch(site)
  const pid = await job.running()
  const launcher = processesOf({ id: site.id(), path: site.path }).find(({ command }) =>
    command.some((word) => word.endsWith('/dist/launcher.js')),
  )
  process.kill(launcher?.pid ?? Number.NaN, 'SIGSTOP')
  expect(await site.balsam('kill', 'j')).toMatchObject({ code: 0 })
  expect(isLiving(pid)).toBe(true)
  process.kill(launcher?.pid ?? Number.NaN, 'SIGCONT')
  expect(await msUntilDead(pid)).toBeLessThan(1_000)
})

test('a job killed among many spares the others', async () => {
  const victim = await submitSteered(site, world.base, { name: 'victim' })
  const other = await submitSteered(site, world.base, { name: 'other' })
  await launch(site)
  const [victimPid, otherPid] = [await victim.running(), await other.running()]
  await site.ok('kill', String(victim.id))
  await msUntilDead(victimPid)
  expect(isLiving(otherPid)).toBe(true)
  other.letGo()
  expect((await site.balsam('wait', String(other.id))).code).toBe(0)
})

test('the end of an allocation’s time ends tasks, which go on in the next one', async () => {
  const job = await submitSteered(site, world.base, { name: 'j' })
  await launch(site, '-t', '8s')
  const pid = await job.running()
  await until('the task was ended', () => !isLiving(pid), 15_000)
  const state = async (): Promise<string> => (await site.job(job.id)).state
  await until('the job may run again', async () => (await state()) === 'RESTART_READY')
  const { history } = await site.job(job.id)
  expect(history.map((entry) => entry.state).slice(-3)).toEqual([
    'RUNNING',
    'RUN_TIMEOUT',
    'RESTART_READY',
  ])
  await until(
    'nothing of the allocation is left',
    () => site.processes().every((line) => !/supervisor|launcher|spawner/.test(line)),
    20_000,
  )
  job.letGo()
  await launch(site)
  expect(await site.balsam('wait')).toMatchObject({ code: 0 })
  expect(await site.job(job.id)).toMatchObject({ state: 'JOB_FINISHED', attempts: 2 })
})
