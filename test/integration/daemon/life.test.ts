// The daemon's life with the built product: starting, stopping, restarting, and what survives it.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readServer } from '../../../client/sdk/site.ts'
import { daemonOf, daemonProcesses, endDaemon, livingDaemon } from '../../support/daemon.ts'
import { isLiving } from '../../support/processes.ts'
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

test('a second start changes nothing and says that the daemon runs already', async () => {
  expect(await site.balsamd('start')).toMatchObject({ code: 0 })
  const before = daemonOf(site.path)
  const second = await site.balsamd('start')
  expect(second).toMatchObject({ code: 0 })
  expect(second.err).toContain(`runs already (pid ${before.pid}`)
  expect(daemonOf(site.path)).toEqual(before)
})

test('of twenty starters at once all succeed and exactly one daemon is there', async () => {
  const starters = Array.from({ length: 20 }, () => site.balsamd('start'))
  expect((await Promise.all(starters)).map(({ code }) => code)).toEqual(starters.map(() => 0))
  expect(daemonProcesses(site.path)).toEqual([daemonOf(site.path).pid])
  expect(daemonOf(site.path).epoch).toBe(1)
})

test('of twenty starters after a kill -9 exactly one daemon comes back', async () => {
  await site.ok('submit', '--', 'true')
  await endDaemon(site.path, 'SIGKILL')
  const starters = Array.from({ length: 20 }, () => site.balsam('ls', '--json'))
  expect((await Promise.all(starters)).map(({ code }) => code)).toEqual(starters.map(() => 0))
  expect(daemonProcesses(site.path)).toEqual([daemonOf(site.path).pid])
  expect(daemonOf(site.path).epoch).toBe(2)
})

test('BALSAM_NO_AUTOSTART=1 forbids all but balsamd start to start one', async () => {
  const env = { BALSAM_NO_AUTOSTART: '1' }
  const refused = await site.start('balsam', ['ls'], { env }).ended
  expect(refused).toMatchObject({ code: 6, out: '' })
  expect(refused.err).toContain('[AUTOSTART_FORBIDDEN]')
  expect(daemonProcesses(site.path)).toEqual([])
  expect(await site.start('balsamd', ['start'], { env }).ended).toMatchObject({ code: 0 })
  expect(await site.start('balsam', ['ls'], { env }).ended).toMatchObject({ code: 0 })
})

test('stop ends local allocations, and their jobs go on in a later one', async () => {
  const job = await submitSteered(site, world.base, { name: 'j' })
  await launch(site)
  const pid = await job.running()
  expect(await site.balsamd('stop')).toMatchObject({ code: 0 })
  expect([isLiving(pid), site.processes()]).toEqual([false, []])
  await site.balsamd('start')
  expect((await site.job(job.id)).state).toBe('RESTART_READY')
  await launch(site)
  await job.running()
  job.letGo()
  expect(await site.balsam('wait')).toMatchObject({ code: 0 })
  expect(await site.job(job.id)).toMatchObject({ state: 'JOB_FINISHED', attempts: 2 })
})

test.each([
  ['balsamd restart', async () => void (await site.balsamd('restart'))],
  [
    'SIGTERM and a start',
    async () => {
      await endDaemon(site.path, 'SIGTERM')
      await site.balsamd('start')
    },
  ],
  [
    'kill -9 and a start',
    async () => {
      await endDaemon(site.path, 'SIGKILL')
      await site.balsamd('start')
    },
  ],
])('%s leaves tasks running and gives no job a second attempt', async (_, restart) => {
  const job = await submitSteered(site, world.base, { name: 'j' })
  await launch(site)
  const pid = await job.running()
  const before = daemonOf(site.path)
  await restart()
  expect(daemonOf(site.path).epoch).toBe(before.epoch + 1)
  expect([isLiving(pid), isLiving(before.pid)]).toEqual([true, false])
  job.letGo()
  expect(await site.balsam('wait')).toMatchObject({ code: 0 })
  expect(await site.job(job.id)).toMatchObject({ state: 'JOB_FINISHED', attempts: 1 })
  expect(await site.ok('out', 'j')).toBe(`done as ${pid}\n`)
})

test('a task that ends while no daemon runs is known to the next one', async () => {
  const job = await submitSteered(site, world.base, { name: 'j', prefix: 'trap "exit 7" EXIT; ' })
  await launch(site)
  const pid = await job.running()
  await endDaemon(site.path, 'SIGKILL')
  job.letGo()
  await until('the task has ended', () => !isLiving(pid))
  expect((await site.balsam('wait')).code).toBe(4)
  expect(await site.job(job.id)).toMatchObject({ state: 'FAILED', attempts: 1, return_code: 7 })
})

test('SIGHUP does not end the daemon', async () => {
  await site.ok('ls')
  const { pid } = daemonOf(site.path)
  process.kill(pid, 'SIGHUP')
  expect(await site.balsam('ls')).toMatchObject({ code: 0 })
  expect(daemonOf(site.path).pid).toBe(pid)
})

test('the daemon outlives the terminal and the session that started it', async () => {
  const inTerminal = await site.bash('script -qec "balsamd start" /dev/null')
  expect(inTerminal.code).toBe(0)
  const { pid } = daemonOf(site.path)
  expect(await site.balsamd('stop')).toMatchObject({ code: 0 })
  // Without the trap the shell would die of its own HUP, before it has killed its group.
  const script = 'balsamd start; trap "" HUP; kill -HUP 0; kill -KILL 0'
  const inSession = await site.bash(`setsid -w bash -c '${script}'`)
  expect(inSession.code).not.toBe(0)
  expect(daemonOf(site.path).pid).not.toBe(pid)
  expect(await site.balsam('ls')).toMatchObject({ code: 0 })
})

test('an allocation outlives the terminal it was asked for in', async () => {
  const job = await submitSteered(site, world.base, { name: 'j' })
  await site.bash('setsid -w bash -c "balsam submit-launch -n 1 -t 60 --cpus 4; kill -KILL 0"')
  await job.running()
  job.letGo()
  expect(await site.balsam('wait')).toMatchObject({ code: 0 })
})

test('a task’s own balsam command reaches the daemon, and never starts one', async () => {
  const job = await submitSteered(site, world.base, { name: 'j' })
  const text = `balsam ls --json >"${world.base}/first.out" 2>&1; echo $? >"${world.base}/first"
    while [ ! -e "${world.base}/j.go" ]; do sleep 0.02; done
    balsam ls >"${world.base}/second.out" 2>&1; echo "code $?" >>"${world.base}/second.out"`
  const asking = Number(await site.ok('submit', '--name', 'asking', '--', 'sh', '-c', text))
  await launch(site)
  await job.running()
  await until(
    'the task has asked once',
    async () => (await world.bash(`cat ${world.base}/first`)).out === '0\n',
  )
  await endDaemon(site.path, 'SIGKILL')
  job.letGo()
  const second = (): Promise<string> =>
    world.bash(`cat ${world.base}/second.out`).then(({ out }) => out)
  await until('the task has asked twice', async () => (await second()).includes('code '))
  // It goes by its launcher, which has nobody to pass it on to.
  expect(await second()).toMatch(
    /the launcher is not connected \[DAEMON_UNREACHABLE\][\s\S]*code 6\n/,
  )
  expect(daemonProcesses(site.path)).toEqual([])
  await site.balsamd('start')
  expect(await site.balsam('wait')).toMatchObject({ code: 0 })
  expect(await site.job(asking)).toMatchObject({ state: 'JOB_FINISHED', attempts: 1 })
})

test('a second daemon for the same site is refused with the pid of the first', async () => {
  await site.ok('ls')
  const { pid } = daemonOf(site.path)
  const { code, err } = await site.balsamd('run')
  expect(code).toBe(8)
  expect(err).toContain('DAEMON_RUNNING')
  expect(err).toContain(`(pid ${pid})`)
  expect(daemonOf(site.path).pid).toBe(pid)
  expect(daemonProcesses(site.path)).toEqual([pid])
})

test('balsamd run serves in the foreground until SIGTERM', async () => {
  const running = site.start('balsamd', ['run'])
  await until('it serves', () => livingDaemon(site.path) !== undefined)
  expect(daemonOf(site.path).pid).toBe(running.child.pid)
  running.child.kill('SIGTERM')
  expect((await running.ended).code).toBe(0)
  expect(readServer(site.path)).toBeUndefined()
})
