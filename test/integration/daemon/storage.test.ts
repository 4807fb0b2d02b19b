// A file system that refuses: read-only, or full. Needs root to mount a small one of its own.
// Must never fill a file system that others use.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { daemonOf, daemonProcesses } from '../../support/daemon.ts'
import { isLiving } from '../../support/processes.ts'
import type { TestSite, World } from '../../support/site.ts'
import { makeWorld } from '../../support/site.ts'
import { pause, until } from '../../support/until.ts'
import { launch, submitSteered } from './tasks.ts'

let world: World
let disk: string
let site: TestSite
let mountRefusal: string

beforeEach(async () => {
  world = await makeWorld()
  disk = join(world.base, 'disk')
  mkdirSync(disk)
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', disk], {
    encoding: 'utf8',
  })
  mountRefusal = mounted.status === 0 ? '' : `no tmpfs can be mounted here: ${mounted.stderr}`
  site = await world.makeSite(mountRefusal === '' ? 'disk/site' : 'site')
})
afterEach(async () => {
  spawnSync('mount', ['-o', 'remount,rw', disk])
  rmSync(join(disk, 'filler'), { force: true })
  await site.balsamd('stop')
  // Lazily: a process that has just ended may still hold it for a moment.
  spawnSync('umount', ['--lazy', disk])
  await world.close()
})

function remount(mode: 'ro' | 'rw'): void {
  spawnSync('mount', ['-o', `remount,${mode}`, disk])
}

/** What came of it within a time in which an idle daemon would long have answered. */
function inTime<T>(ended: Promise<T>): Promise<T | 'not yet'> {
  return Promise.race([ended, pause(1_500).then(() => 'not yet' as const)])
}

/** Fills the small file system to the last block. */
function fill(): void {
  spawnSync('dd', ['if=/dev/zero', `of=${join(disk, 'filler')}`, 'bs=4k', 'count=100000'])
}

test('a directory that cannot be written is no place for a site', async ({ skip }) => {
  skip(mountRefusal !== '', mountRefusal)
  remount('ro')
  const { code, out, err } = await world.run('balsam', ['init', join(disk, 'other')])
  expect({ code, out }).toEqual({ code: 8, out: '' })
  expect(err).toContain('[SITE_NOT_WRITABLE]')
  expect(readdirSync(disk)).toEqual(['site'])
})

test('a site that cannot be written starts no daemon', async ({ skip }) => {
  skip(mountRefusal !== '', mountRefusal)
  remount('ro')
  for (const outcome of [await site.balsam('ls'), await site.balsamd('start')]) {
    expect(outcome).toMatchObject({ code: 8, out: '' })
    expect(outcome.err).toMatch(/\[(SITE_NOT_WRITABLE|STORAGE_PROBE_FAILED)\]\n {2}\S/)
  }
  expect(daemonProcesses(site.path)).toEqual([])
})

test('a full disk delays a submission, which is accepted once there is space', async ({ skip }) => {
  skip(mountRefusal !== '', mountRefusal)
  await site.ok('ls')
  const { pid } = daemonOf(site.path)
  fill()
  const words = ['--array', '1-1000', '--name', 'n', '--env', `X=${'x'.repeat(90_000)}`]
  const waiting = site.start('balsam', ['submit', ...words, '--', 'true'])
  expect(await inTime(waiting.ended)).toBe('not yet')
  rmSync(join(disk, 'filler'))
  expect(await waiting.ended).toMatchObject({ code: 0 })
  expect((await site.jobs()).length).toBe(1_000)
  await site.ok('submit', '--name', 'after', '--', 'true')
  expect(daemonOf(site.path).pid).toBe(pid)
  expect((await site.balsamd('status', '--check')).code).toBe(0)
})

test('tasks that end while the disk is full are finished, once there is space', async ({
  skip,
}) => {
  skip(mountRefusal !== '', mountRefusal)
  const jobs = await Promise.all(
    ['a', 'b', 'c'].map((name) => submitSteered(site, world.base, { name, isMute: true })),
  )
  await launch(site)
  const pids = await Promise.all(jobs.map((job) => job.running()))
  fill()
  for (const job of jobs) job.letGo()
  await until('the tasks have ended', () => !pids.some(isLiving))
  const waiting = site.start('balsam', ['wait'])
  expect(await inTime(waiting.ended)).toBe('not yet')
  rmSync(join(disk, 'filler'))
  expect(await waiting.ended).toMatchObject({ code: 0 })
  for (const { id } of jobs)
    expect(await site.job(id)).toMatchObject({ state: 'JOB_FINISHED', attempts: 1 })
  writeFileSync(join(disk, 'proof'), 'there is space again')
})
