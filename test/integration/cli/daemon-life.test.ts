// Starting, stopping and losing the daemon, as the command line sees it.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { isAlive } from '../../../client/sdk/host.ts'
import { readServer, readSite } from '../../../client/sdk/site.ts'
import { daemonPid, makeWorld, startLauncher, type World } from '../../support/command-line.ts'

let world: World
beforeEach(async () => {
  world = await makeWorld()
})
afterEach(() => world.close())

function daemonsOf(site: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => commandLine(pid).includes(`run\0--site\0${site}\0`))
    .map(Number)
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}

test('of twenty commands at once one starts the daemon, and all get their answer', async () => {
  const outcomes = await Promise.all(Array.from({ length: 20 }, () => world.balsam('ls', '--json')))
  expect(outcomes.map(({ code, err }) => [code, err])).toEqual(outcomes.map(() => [0, '']))
  expect(daemonsOf(world.site)).toEqual([daemonPid(world.site)])
  expect(readServer(world.site)?.epoch).toBe(1)
})

test('balsamd start returns when the daemon serves, and does nothing the second time', async () => {
  const first = await world.balsamd('start', '--json')
  expect(JSON.parse(first.out)).toMatchObject({ was_running: false, site: world.site })
  const status = await world.balsamd('status', '--json')
  const facts: unknown = JSON.parse(status.out)
  expect(facts).toMatchObject({ state: 'serving', pid: daemonPid(world.site), epoch: 1 })
  const second = await world.balsamd('start', '--json')
  expect(JSON.parse(second.out)).toMatchObject({ was_running: true, pid: daemonPid(world.site) })
})

test('the daemon has a session of its own and outlives a hangup', async () => {
  await world.balsamd('start')
  const pid = daemonPid(world.site) ?? 0
  const session = spawnSync('ps', ['-o', 'sid=', '-p', String(pid)], { encoding: 'utf8' })
  expect(Number(session.stdout)).toBe(pid)
  process.kill(pid, 'SIGHUP')
  expect((await world.balsam('ls')).code).toBe(0)
  expect(daemonPid(world.site)).toBe(pid)
})

test('status of a site without a daemon is exit 6 and starts none', async () => {
  const { code, err } = await world.balsamd('status')
  expect(code).toBe(6)
  expect(err).toContain('[DAEMON_UNREACHABLE]')
  expect(daemonsOf(world.site)).toEqual([])
})

test('stop ends the daemon before it returns; a second stop is fine', async () => {
  await world.balsamd('start')
  const server = readServer(world.site)
  expect(await world.balsamd('stop')).toMatchObject({ code: 0 })
  expect(server === undefined ? undefined : isAlive(server)).toBe(false)
  expect(existsSync(join(world.site, 'server.json'))).toBe(false)
  const again = await world.balsamd('stop')
  expect(again).toMatchObject({ code: 0 })
  expect(again.err).toContain('was not running')
})

test('a restart with settings that no daemon would take leaves the old one running', async () => {
  await world.balsamd('start')
  const pid = daemonPid(world.site)
  const file = join(world.site, 'config.toml')
  writeFileSync(file, 'log.level = "loud"\n')
  for (const [program, words] of [
    ['balsamd', ['restart']],
    ['balsam', ['server', '--reset']],
  ] as const) {
    const { code, err } = await world.start(program, words).ended
    expect(err).toContain(`${program}: ${file}:1: log.level = "loud": it must be one of`)
    expect(code).toBe(2)
  }
  expect(daemonPid(world.site)).toBe(pid)
  expect((await world.balsam('ls')).code).toBe(0)
})

test('restart gives a new process with a higher epoch and the same jobs', async () => {
  await world.balsam('submit', '--array', '1-100', '--', 'true')
  const before = readServer(world.site)
  expect(await world.balsamd('restart')).toMatchObject({ code: 0 })
  const after = readServer(world.site)
  expect(after?.pid).not.toBe(before?.pid)
  expect(after?.epoch).toBe((before?.epoch ?? 0) + 1)
  expect(JSON.parse((await world.balsam('ls', '--json')).out)).toMatchObject({ total: 100 })
})

test('a daemon that was killed is started again by the next command', async () => {
  await world.balsam('submit', '--', 'true')
  process.kill(daemonPid(world.site) ?? Number.NaN, 'SIGKILL')
  const { code, out } = await world.balsam('ls', '--json')
  expect(code).toBe(0)
  expect(JSON.parse(out)).toMatchObject({ total: 1 })
})

test('a wait outlives a restart of the daemon', async () => {
  await world.balsam('submit', '--array', '1-5', '--', 'true')
  const waiting = world.start('balsam', ['wait'])
  await waiting.until('there is no launcher')
  await world.balsamd('restart')
  await startLauncher(world)
  expect(await waiting.ended).toMatchObject({ code: 0 })
})

test('a wait ends when the daemon is stopped, and starts none against its user', async () => {
  await world.balsam('submit', '--', 'true')
  const waiting = world.start('balsam', ['wait'])
  await waiting.until('there is no launcher')
  await world.balsamd('stop')
  const { code, err } = await waiting.ended
  expect(code).toBe(6)
  expect(err).toContain('it was stopped')
  expect(daemonsOf(world.site)).toEqual([])
})

test.each([
  ['BALSAM_NO_AUTOSTART', '1'],
  ['BALSAM_TASK_MARKER', 'site:1:2'],
  ['BALSAM_ALLOCATION_MARKER', 'site:1'],
])('with %s no daemon is started', async (name, value) => {
  const { code, err } = await world.start('balsam', ['ls'], { env: { [name]: value } }).ended
  expect(code).toBe(6)
  expect(err).toContain('[AUTOSTART_FORBIDDEN]')
  expect(daemonsOf(world.site)).toEqual([])
})

test('a launcher that has gone is no active connection', async () => {
  const connections = async (): Promise<unknown> => {
    const { out } = await world.balsam('server', '--list-active-connections', '--json')
    return JSON.parse(out)
  }
  const launcher = await startLauncher(world)
  await world.balsam('submit', '--wait', '--stdout', 'none', '--', 'true')
  expect(await connections()).toMatchObject({ total: 1, items: [{ state: 'CONNECTED' }] })
  launcher.child.kill('SIGTERM')
  await launcher.ended
  await world.balsamd('restart')
  expect(await connections()).toMatchObject({ total: 0 })
  expect((await world.balsam('ls', 'launchers')).out).toContain('GONE')
})

test('balsam server speaks of balsamd', async () => {
  const connected = await world.balsam('server', '--connect')
  expect(connected.err).toContain(`started (pid ${daemonPid(world.site)})`)
  const pid = daemonPid(world.site)
  const reset = await world.balsam('server', '--reset')
  expect(reset).toMatchObject({ code: 0 })
  expect(daemonPid(world.site)).not.toBe(pid)
  expect((await world.balsam('server', '--list-active-connections')).out).toContain('id\t')
  expect((await world.balsam('server')).code).toBe(2)
})

test('a site that is moved while stopped keeps its jobs and its identity', async () => {
  await world.balsam('submit', '--', 'true')
  await world.balsamd('stop')
  const id = readSite(world.site)?.siteId
  const moved = join(world.base, 'moved')
  renameSync(world.site, moved)
  const { out } = await world.balsam('--site', moved, 'ls', '--json')
  expect(JSON.parse(out)).toMatchObject({ total: 1 })
  expect(readSite(moved)?.siteId).toBe(id)
  await world.balsamd('stop', moved)
  renameSync(moved, world.site)
})

test('a copy of a running site gets an identity and a daemon of its own', async () => {
  await world.balsam('submit', '--', 'true')
  const copy = join(world.base, 'copy')
  cpSync(world.site, copy, { recursive: true })
  const { code } = await world.balsam('--site', copy, 'ls')
  expect(code).toBe(0)
  expect(readSite(copy)?.siteId).not.toBe(readSite(world.site)?.siteId)
  expect(daemonPid(copy)).not.toBe(daemonPid(world.site))
  await world.balsamd('stop', copy)
})

test('a backup of the running site can be restored into it', async () => {
  await world.balsam('submit', '--array', '1-7', '--', 'true')
  const made = await world.balsam('site', 'backup', 'b.db')
  expect(made.out).toBe(`${join(world.base, 'b.db')}\n`)
  await world.balsam('submit', '--array', '1-5', '--', 'true')
  expect((await world.balsam('site', 'restore', 'b.db')).code).toBe(8)
  const restored = await world.balsam('site', 'restore', 'b.db', '--yes')
  expect(restored).toMatchObject({ code: 0 })
  expect(restored.err).toContain('the former database is')
  expect(JSON.parse((await world.balsam('ls', '--json')).out)).toMatchObject({ total: 7 })
  expect((await world.balsamd('status', '--check')).out).toContain('check      ok')
})
