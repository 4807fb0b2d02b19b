// A site that is moved, copied, backed up and restored, with jobs that run meanwhile.
import { cpSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { limits } from '../../../protocol/limits.ts'
import { daemonOf } from '../../support/daemon.ts'
import { isLiving, killNow, processesOf, programOf } from '../../support/processes.ts'
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

test('a site that was moved while it was stopped shows old outputs and runs new jobs', async () => {
  await site.ok('submit', '--name', 'old', '--', 'echo', 'from before')
  await launch(site)
  expect(await site.balsam('wait')).toMatchObject({ code: 0 })
  const id = site.id()
  expect(await site.balsamd('stop')).toMatchObject({ code: 0 })
  const moved = world.siteAt(join(world.base, 'moved'))
  renameSync(site.path, moved.path)
  await moved.ok('submit', '--name', 'new', '--', 'echo', 'from after')
  await launch(moved)
  expect(await moved.balsam('wait')).toMatchObject({ code: 0 })
  expect([moved.id(), await moved.ok('out', 'new')]).toEqual([id, 'from after\n'])
  expect(await moved.ok('out', 'old')).toBe('from before\n')
})

test('a site that was moved with a living allocation is refused until it is back', async () => {
  const job = await submitSteered(site, world.base, { name: 'j' })
  await launch(site)
  const pid = await job.running()
  process.kill(daemonOf(site.path).pid, 'SIGKILL')
  const moved = world.siteAt(join(world.base, 'moved'))
  renameSync(site.path, moved.path)
  for (let again = 0; again < 2; again += 1) {
    const { code, err } = await moved.balsam('ls')
    expect([code, err]).toEqual([8, expect.stringContaining('[SITE_MOVED]')])
    expect(err).toContain(`moved here from ${site.path} while allocations of it live (1)`)
  }
  expect(isLiving(pid)).toBe(true)
  renameSync(moved.path, site.path)
  job.letGo()
  expect(await site.balsam('wait')).toMatchObject({ code: 0 })
  expect(await site.job(job.id)).toMatchObject({ state: 'JOB_FINISHED', attempts: 1 })
})

test('what an allocation left behind is found where the site was moved to', async () => {
  const job = await submitSteered(site, world.base, { name: 'j' })
  await launch(site)
  const pid = await job.running()
  const { pid: daemon } = daemonOf(site.path)
  process.kill(daemon, 'SIGKILL')
  const ours = () => processesOf({ id: site.id(), path: site.path })
  const supervisor = ours().find((each) => programOf(each) === 'supervisor')
  expect(supervisor).toBeDefined()
  killNow(supervisor?.pid ?? Number.NaN)
  job.letGo()
  await until('all of it has ended', () => ours().length === 0 && !isLiving(pid))
  const moved = world.siteAt(join(world.base, 'moved'))
  renameSync(site.path, moved.path)
  expect(await moved.balsam('wait')).toMatchObject({ code: 0 })
  expect(await moved.job(job.id)).toMatchObject({ state: 'JOB_FINISHED', attempts: 1 })
})

test('a daemon whose site is removed or moved away ends', async () => {
  await site.ok('ls')
  const { pid } = daemonOf(site.path)
  renameSync(site.path, join(world.base, 'elsewhere'))
  await until('the daemon has ended', () => !isLiving(pid), 3 * limits.siteLookMs)
  renameSync(join(world.base, 'elsewhere'), site.path)
  expect(await site.balsam('ls')).toMatchObject({ code: 0 })
})

test('a copy of a running site has its own identity and ends no task of the original', async () => {
  const job = await submitSteered(site, world.base, { name: 'j' })
  await launch(site)
  const pid = await job.running()
  const copy = world.siteAt(join(world.base, 'copy'))
  cpSync(site.path, copy.path, { recursive: true })
  expect((await copy.job(job.id)).state).not.toBe('RUNNING')
  const { out } = await copy.balsam('ls', 'queues')
  expect(out).toMatch(/^1\tENDED\t.*the site was copied/m)
  expect(copy.id()).not.toBe(site.id())
  expect(daemonOf(copy.path).pid).not.toBe(daemonOf(site.path).pid)
  expect(await copy.balsamd('stop')).toMatchObject({ code: 0 })
  expect(isLiving(pid)).toBe(true)
  job.letGo()
  expect(await site.balsam('wait')).toMatchObject({ code: 0 })
  expect(await site.job(job.id)).toMatchObject({ state: 'JOB_FINISHED', attempts: 1 })
})

test('a copy runs the jobs that were under way in the original by itself', async () => {
  const job = await submitSteered(site, world.base, { name: 'j' })
  await launch(site)
  await job.running()
  const copy = world.siteAt(join(world.base, 'copy'))
  cpSync(site.path, copy.path, { recursive: true })
  await launch(copy)
  const pid = await job.running()
  job.letGo()
  expect(await copy.balsam('wait')).toMatchObject({ code: 0 })
  expect(await site.balsam('wait')).toMatchObject({ code: 0 })
  expect(isLiving(pid)).toBe(false)
  expect(await copy.job(job.id)).toMatchObject({ state: 'JOB_FINISHED' })
})

test('a backup of a site at work holds what was accepted before it', async () => {
  const job = await submitSteered(site, world.base, { name: 'j' })
  await launch(site)
  const pid = await job.running()
  await site.ok('submit', '--array', '1-500', '--name', 'queued', '--cpus', '4', '--', 'true')
  const file = join(world.base, 'copy.db')
  expect(await site.ok('site', 'backup', file)).toBe(`${file}\n`)
  await site.ok('submit', '--array', '1-9', '--name', 'later', '--', 'true')
  expect(isLiving(pid)).toBe(true)
  const restored = await site.balsam('site', 'restore', file, '--yes')
  expect(restored).toMatchObject({ code: 0 })
  expect((await site.jobs()).length).toBe(501)
  expect((await site.balsamd('status', '--check')).code).toBe(0)
  job.letGo()
  await launch(site)
  expect(await site.balsam('wait')).toMatchObject({ code: 0 })
  expect(await site.job(job.id)).toMatchObject({ state: 'JOB_FINISHED' })
})

test('what tasks wrote after the backup was made is not believed after a restore', async () => {
  const job = await submitSteered(site, world.base, { name: 'j' })
  await launch(site)
  await job.running()
  const file = join(world.base, 'copy.db')
  await site.ok('site', 'backup', file)
  const [attempt] = (await site.job(job.id)).attempt_list
  const exit = { token: attempt?.token, pid: 1, code: 3, signal: null, error: null }
  const rest = { startedAtMs: 1, endedAtMs: 2, userMs: 0, systemMs: 0, maxRssKiB: 1, orphans: 0 }
  const line = `${JSON.stringify({ e: { ...exit, ...rest, isRssBelow: false } })}\n`
  const node = join(site.path, 'run/allocation-1/node-0')
  // As a launcher leaves it that was killed before it could report.
  writeFileSync(join(node, 'spawner-1-1-1.journal'), line)
  expect(await site.balsam('site', 'restore', file, '--yes')).toMatchObject({ code: 0 })
  await launch(site)
  job.letGo()
  expect(await site.balsam('wait')).toMatchObject({ code: 0 })
  expect(await site.job(job.id)).toMatchObject({ state: 'JOB_FINISHED' })
})

test('after a restore allocations run, though others have had their numbers', async () => {
  await site.ok('submit', '--name', 'first', '--', 'true')
  const file = join(world.base, 'early.db')
  await site.ok('site', 'backup', file)
  await launch(site)
  expect(await site.balsam('wait')).toMatchObject({ code: 0 })
  expect(await site.balsam('site', 'restore', file, '--yes')).toMatchObject({ code: 0 })
  expect(await site.jobs()).toMatchObject([{ name: 'first', state: 'PREPROCESSED', attempts: 0 }])
  await site.ok('submit', '--name', 'second', '--', 'echo', 'again')
  await launch(site)
  expect(await site.balsam('wait', '--timeout', '20')).toMatchObject({ code: 0 })
  expect((await site.jobs()).map(({ state, attempts }) => [state, attempts])).toEqual([
    ['JOB_FINISHED', 1],
    ['JOB_FINISHED', 1],
  ])
  expect(await site.ok('out', 'second')).toBe('again\n')
})

test('a file that is no backup is refused and the database stays as it is', async () => {
  await site.ok('submit', '--', 'true')
  const refused = await site.balsam('site', 'restore', join(world.base, 'task.sh'), '--yes')
  expect(refused).toMatchObject({ code: 8, out: '' })
  expect(refused.err).toContain('[RESTORE_REFUSED]')
  expect((await site.jobs()).length).toBe(1)
})
