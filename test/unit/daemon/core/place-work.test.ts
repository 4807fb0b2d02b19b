// Placement at the end of a turn: who gets work, how much of it, and when work is asked back.
import { expect, test } from 'vitest'
import { backlogOf } from '../../../../daemon/core/place-work.ts'
import { decodeRecords, type JournalRecord } from '../../../../daemon/core/records.ts'
import { frameKind } from '../../../../protocol/frames.ts'
import { limits } from '../../../../protocol/limits.ts'
import { TestLauncher } from './launcher.ts'
import { array, request, startSite, type TestSite } from './site.ts'

function facts(cpus: number): Parameters<typeof backlogOf>[0]['facts'] {
  return {
    allocationId: 1,
    nodeIndex: 0,
    node: 'n',
    incarnation: 'i',
    cpus,
    memoryMiB: 1,
    wfFilter: '',
  }
}

async function connected(site: TestSite, cpus = 4): Promise<TestLauncher> {
  return new TestLauncher(site).hello(await site.allocate(), { cpus })
}

/** How many leases these records give. */
function leasesOf(records: readonly JournalRecord[]): number {
  let leases = 0
  for (const record of records) {
    if (record[0] !== 'assign') continue
    for (const [index, count] of record[4].entries()) if (index % 2 === 1) leases += count
  }
  return leases
}

/** A launcher whose tasks are known to be short, so that it holds a backlog. */
async function busy(site: TestSite): Promise<TestLauncher> {
  await site.submit([array(4)])
  const launcher = await connected(site)
  await launcher.exited(0, ...launcher.tokens())
  return launcher
}

test('a job is leased by the commit that accepts it when a core is free', async () => {
  const site = await startSite()
  const launcher = await connected(site)
  const before = site.core.loop.seq()
  await site.submit([request()])
  expect(site.core.loop.seq()).toBe(before + 1)
  expect(launcher.tasks()).toMatchObject([{ job: 1, attempt: 1 }])
})

test('a launcher gets no more than its cores before it is known how long tasks take', async () => {
  const site = await startSite()
  await site.submit([array(100)])
  const launcher = await connected(site)
  expect(launcher.tasks()).toHaveLength(4)
})

test('a launcher of short tasks gets a backlog', async () => {
  const site = await startSite()
  const launcher = await busy(site)
  await site.submit([array(1_000)])
  expect(launcher.tasks().length).toBeGreaterThan(8 + 4)
})

test('a turn gives a bounded number of leases, and the next ones give the rest', async () => {
  const site = await startSite()
  const launchers = [await connected(site, 1_500), await connected(site, 1_500)]
  const leases: number[] = []
  site.hooks.beforeCommit = ({ body }) => {
    leases.push(leasesOf(decodeRecords(body)))
  }
  await site.submit([array(2_500)])
  await site.pass(100)
  expect(launchers.flatMap((launcher) => launcher.tasks())).toHaveLength(2_500)
  expect(leases).toEqual([limits.turnLeasesMax, limits.turnLeasesMax, 500])
})

test('a launcher with a filter gets only work of matching workflows', async () => {
  const site = await startSite()
  await site.submit([request({ workflow: 'red' }), request({ workflow: 'blue' })])
  const allocation = await site.allocate({ wfFilter: 'blu' })
  const launcher = await new TestLauncher(site).hello(allocation)
  expect(launcher.tasks()).toMatchObject([{ job: 2 }])
})

test('a job that needs more cores than a node has waits', async () => {
  const site = await startSite()
  await site.submit([request({ resources: { cpus: 5, nodePackingCount: 1 } })])
  const launcher = await connected(site)
  expect(launcher.tasks()).toEqual([])
})

test('a job without cores takes its share of the node', async () => {
  const site = await startSite()
  await site.submit([array(9, { resources: { cpus: null, nodePackingCount: 8 } })])
  const launcher = await connected(site)
  expect(launcher.tasks()).toHaveLength(8)
})

test('a launcher that is cut off gets nothing', async () => {
  const site = await startSite()
  const launcher = await connected(site)
  await launcher.cut()
  await site.submit([request()])
  expect(launcher.tasks()).toEqual([])
  expect(site.core.site.leases.size).toBe(0)
})

test('a launcher that fell silent gets nothing until it is heard again', async () => {
  const site = await startSite()
  const launcher = await connected(site)
  await site.pass(limits.heartbeatSilenceMsMax + 2 * limits.heartbeatMs)
  await site.submit([request()])
  expect(launcher.tasks()).toEqual([])
  await launcher.tell([frameKind.heartbeat, 0, 0, 0, 0])
  expect(launcher.tasks()).toHaveLength(1)
})

test('a launcher that does not read what it is sent gets nothing more', async () => {
  const site = await startSite()
  const launcher = await connected(site)
  launcher.buffered = limits.sendBufferPauseBytes + 1
  await site.submit([request()])
  expect(launcher.tasks()).toEqual([])
})

test('a launcher of an allocation that is being ended gets nothing', async () => {
  const site = await startSite()
  const allocation = await site.allocate()
  const launcher = await new TestLauncher(site).hello(allocation)
  await site.run(site.door.cancelAllocation(allocation))
  await site.submit([request()])
  expect(launcher.tasks()).toEqual([])
})

test('a daemon that is going down gives no work', async () => {
  const site = await startSite()
  await site.submit([array(8)])
  const launcher = await connected(site)
  site.core.isDraining = true
  await launcher.exited(0, ...launcher.tokens())
  expect(launcher.tasks()).toHaveLength(4)
})

test('half of a waiting backlog is asked back for a launcher that idles, once', async () => {
  const site = await startSite()
  const launcher = await busy(site)
  await site.submit([array(44)])
  expect(launcher.tasks()).toHaveLength(4 + 44)
  const idle = await connected(site)
  expect(launcher.of(frameKind.recall)).toEqual([[frameKind.recall, 1, 20]])
  await idle.tell([frameKind.heartbeat, 0, 0, 0, 0])
  expect(launcher.of(frameKind.recall)).toHaveLength(1)
  const back = launcher.tokens().slice(-20)
  await launcher.tell([frameKind.returned, back])
  expect(idle.tasks()).toHaveLength(4)
  expect(idle.tasks()[0]).toMatchObject({ attempt: 1 })
})

test('nothing is asked back while there is ready work', async () => {
  const site = await startSite()
  const launcher = await busy(site)
  await site.submit([array(5_000)])
  await connected(site)
  expect(launcher.of(frameKind.recall)).toEqual([])
})

test('no backlog is given before the first end, nor of tasks longer than the time ahead', () => {
  expect(backlogOf({ meanTaskMs: null, facts: facts(8) })).toBe(0)
  expect(backlogOf({ meanTaskMs: limits.backlogMs * 2, facts: facts(8) })).toBe(0)
})

test('a backlog is some hundred ms of work, and never more than a limit', () => {
  expect(backlogOf({ meanTaskMs: 30, facts: facts(8) })).toBe((limits.backlogMs / 30) * 8)
  expect(backlogOf({ meanTaskMs: 0, facts: facts(64) })).toBe(limits.backlogTasksMax)
})
