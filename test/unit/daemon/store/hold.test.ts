// Holding a site: who gets it, who is refused and with what words, and what is left behind.
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, type TestContext, test } from 'vitest'
import { realClock } from '../../../../daemon/ports/clock.ts'
import { identityOf } from '../../../../daemon/ports/process-identity.ts'
import { fileSystemOf, kindOf } from '../../../../daemon/store/hold/file-system.ts'
import { claim, discard, type Owner, readOwner } from '../../../../daemon/store/hold/owner-file.ts'
import { probeLock, probeSync } from '../../../../daemon/store/hold/probe.ts'
import { takeLock } from '../../../../daemon/store/hold/site-lock.ts'
import { type HoldPlan, holdFiles, holdSite } from '../../../../daemon/store/hold-site.ts'
import type { Clock } from '../../../../protocol/ports.ts'

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const nfs = { name: 'nfs', isShared: true }

function planFor(context: TestContext, parts: Partial<HoldPlan> = {}): HoldPlan {
  const site = mkdtempSync(join(tmpdir(), 'balsam-hold-'))
  context.onTestFinished(() => rmSync(site, { recursive: true, force: true }))
  return { site, host: 'login1', log, preference: 'node:sqlite', ...parts }
}

async function held(
  plan: HoldPlan,
): Promise<{ release: () => Promise<void>; journalMode: string }> {
  const { driver, hold } = await holdSite(plan)
  const release = async (): Promise<void> => {
    await driver.close()
    hold.release()
  }
  return { release, journalMode: driver.journalMode }
}

/** The record of a process that has just ended. */
async function goneOwner(host: string): Promise<Owner> {
  const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], {
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  const identity = child.pid === undefined ? null : identityOf(child.pid)
  child.kill('SIGKILL')
  await new Promise((resolve) => child.once('close', resolve))
  if (identity === null) throw new Error('the process did not start')
  return { host, ...identity }
}

function sign(plan: HoldPlan, owner: Owner): void {
  writeFileSync(join(plan.site, holdFiles.owner), JSON.stringify(owner))
}

test('a site is held once, and again when it was released', async (context) => {
  const plan = planFor(context)
  const first = await held(plan)
  expect(first.journalMode).toBe('wal')
  await expect(holdSite(plan)).rejects.toMatchObject({
    code: 'DAEMON_RUNNING',
    facts: { pid: process.pid },
  })
  await first.release()
  expect(readOwner(join(plan.site, holdFiles.owner))).toBeNull()
  await (await held(plan)).release()
})

test('a network file system gets no WAL', async (context) => {
  const site = await held(planFor(context, { fileSystem: nfs }))
  expect(site.journalMode).toBe('delete')
  await site.release()
})

test('an owner on another host is respected until a takeover', async (context) => {
  const plan = planFor(context, { fileSystem: nfs })
  const foreign: Owner = { host: 'login2', bootId: 'b', pid: 4711, startTime: 1 }
  sign(plan, foreign)
  await expect(holdSite(plan)).rejects.toMatchObject({
    code: 'DAEMON_ELSEWHERE',
    facts: { host: 'login2', pid: 4711 },
  })
  expect(readOwner(join(plan.site, holdFiles.owner))).toEqual(foreign)
  await (await held({ ...plan, isTakeover: true })).release()
})

test('an owner on this host that has died is replaced', async (context) => {
  const plan = planFor(context, { fileSystem: nfs })
  const gone = await goneOwner(plan.host)
  sign(plan, gone)
  const site = await held(plan)
  expect(readOwner(join(plan.site, holdFiles.owner))).toMatchObject({ pid: process.pid })
  await site.release()
})

test('a living owner on this host is respected even where locks do not hold', async (context) => {
  const plan = planFor(context, { fileSystem: nfs })
  const identity = identityOf(process.ppid)
  if (identity === null) throw new Error('the parent lives')
  sign(plan, { host: plan.host, ...identity })
  await expect(holdSite(plan)).rejects.toMatchObject({
    code: 'DAEMON_RUNNING',
    facts: { pid: process.ppid },
  })
})

test('on a local file system a record that a crash left behind is replaced', async (context) => {
  const plan = planFor(context)
  sign(plan, { host: 'the name of before', bootId: 'b', pid: 4711, startTime: 1 })
  const site = await held(plan)
  expect(readOwner(join(plan.site, holdFiles.owner))).toMatchObject({ pid: process.pid })
  await site.release()
})

test('the lock of a dead process whose threads still write is waited for', async (context) => {
  const plan = planFor(context)
  sign(plan, await goneOwner(plan.host))
  const lock = takeLock(join(plan.site, holdFiles.lock))
  const clock = realClock()
  const after: Clock['after'] = (_, call) => {
    lock?.release()
    return clock.after(0, call)
  }
  const site = await held({ ...plan, clock: { ...clock, after } })
  expect(readOwner(join(plan.site, holdFiles.owner))).toMatchObject({ pid: process.pid })
  await site.release()
})

test('a torn owner record is an owner that nobody knows', async (context) => {
  const plan = planFor(context, { fileSystem: nfs })
  writeFileSync(join(plan.site, holdFiles.owner), '{"host":')
  await expect(holdSite(plan)).rejects.toMatchObject({ code: 'DAEMON_ELSEWHERE' })
})

test('an owner record is claimed once, and not discarded once it has changed', (context) => {
  const file = join(planFor(context).site, 'owner.json')
  const [a, b, c] = ['a', 'b', 'c'].map((host) => ({ host, bootId: 'b', pid: 1, startTime: 1 }))
  if (a === undefined || b === undefined || c === undefined) throw new Error('three owners')
  expect(claim(file, a)).toBe(true)
  expect(claim(file, b)).toBe(false)
  expect(discard(file, c, b)).toBe(false)
  expect(readOwner(file)).toEqual(a)
  expect(discard(file, a, b)).toBe(true)
  expect(claim(file, b)).toBe(true)
  expect(readdirSync(join(file, '..'))).toEqual(['owner.json'])
})

test('a refused database leaves the site free', async (context) => {
  const plan = planFor(context)
  writeFileSync(join(plan.site, 'balsam.db'), 'no database'.repeat(100))
  await expect(holdSite(plan)).rejects.toMatchObject({ code: 'DATABASE_INVALID' })
  rmSync(join(plan.site, 'balsam.db'))
  await (await held(plan)).release()
})

test('a probe leaves nothing behind and says how slow the slowest sync was', (context) => {
  const { site } = planFor(context)
  let now = 0
  expect(probeSync(site, { monotonicMs: () => (now += 3) })).toBe(3)
  probeLock(site)
  expect(readdirSync(site)).toEqual([])
})

test('a directory that is gone can not be written', () => {
  expect(() => probeSync('/nowhere', null)).toThrow(
    expect.objectContaining({ code: 'SITE_NOT_WRITABLE' }),
  )
})

test('file systems of networks are known, and an unknown one is taken for one', () => {
  expect(['ext4', 'nfs', 'cifs', 'lustre', 'gpfs', 'beegfs', 'fuse'].map((name) => name)).toEqual(
    [0xef53, 0x6969, 0xff534d42 | 0, 0x0bd00bd0, 0x47504653, 0x19830326, 0x65735546].map(
      (magic) => kindOf(magic).name,
    ),
  )
  expect([0xef53, 0x6969, 0xff534d42 | 0, 0x1234].map((magic) => kindOf(magic).isShared)).toEqual([
    false,
    true,
    true,
    true,
  ])
  expect(fileSystemOf('/proc').isShared).toBe(true)
})
