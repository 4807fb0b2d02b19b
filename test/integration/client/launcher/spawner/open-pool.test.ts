// What a launcher finds when it opens its pool: journals of spawners that live, or died.
import { spawn } from 'node:child_process'
import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { Launcher } from '../../../../../client/launcher/core/launcher.ts'
import type { OpenPool } from '../../../../../client/launcher/runner/open-pool.ts'
import { openPool } from '../../../../../client/launcher/runner/open-pool.ts'
import {
  readBootId,
  readProcess,
  spawnerVariable,
} from '../../../../../client/launcher/spawner/processes.ts'
import { quietLog } from '../../../../unit/client/launcher/spawner/fakes.ts'
import { clock, scratch } from './harness.ts'

/** Writes the journal of a spawner: this very process stands for one that lives. */
function journal(directory: string, name: string, isLiving: boolean, records: object[]): string {
  const path = join(directory, `spawner-${name}.journal`)
  const startTime = isLiving ? readProcess(process.pid)?.startTime : 1
  const header = { spawner: process.pid, startTime, bootId: readBootId(), marker: 'x:1:' }
  writeFileSync(path, [header, ...records].map((each) => `${JSON.stringify(each)}\n`).join(''))
  return path
}

async function open(directory: string): Promise<OpenPool> {
  const file = {
    siteId: 'x',
    siteDirectory: directory,
    allocationId: 1,
    socket: null,
    tls: null,
    nodes: [{ name: 'here', cpus: 1 }],
    wallTimeSeconds: null,
    killGraceMs: 100,
    idleExitMs: null,
    isNoExec: false,
    hookSlots: 1,
    jobMode: 'serial',
    environment: null,
    spawnerKind: 'auto',
    spawners: 1,
    log: { level: 'info', fileBytesMax: 1_000_000, filesKept: 1 },
  } as const
  const marker = `open-pool-${process.pid}:1`
  const pool = await openPool(
    { directory, file, nodeIndex: 0, marker, environment: {}, cpus: 1 },
    { clock, log: quietLog },
  )
  const ignore = (): void => undefined
  const handlers = { onStarted: ignore, onExited: ignore, onWithdrawn: ignore, onBatchEnd: ignore }
  onTestFinished(() => pool.makeRunner(handlers).close())
  return pool
}

/** Tokens that the launcher is told of. */
function adopted(pool: OpenPool): { readonly running: number[]; readonly exited: number[] } {
  const running: number[] = []
  const exited: number[] = []
  const adoptRunning: Launcher['adoptRunning'] = ({ token }) => void running.push(token)
  const adoptExited: Launcher['adoptExited'] = (token) => void exited.push(token)
  // Of a launcher the pool needs no more than these.
  pool.adoptInto({ adoptRunning, adoptExited } as Launcher)
  return { running, exited }
}

test('what is given back while other spawners are waited for is not adopted', async () => {
  const directory = scratch()
  const starts = [5, 6].map((token) => ({ s: token, pid: process.pid, startTime: 1, at: 1 }))
  const early = journal(directory, 'early', true, [{ q: [5, 6] }, ...starts])
  // It says nothing of its task, so it is waited for.
  journal(directory, 'late', true, [{ q: [7] }])
  const opening = open(directory)
  await new Promise((done) => setTimeout(done, 300))
  appendFileSync(early, `${JSON.stringify({ w: [5] })}\n`)
  expect(adopted(await opening)).toEqual({ running: [6, 7], exited: [] })
})

test('no pool is open while a child of a dead spawner lives', async () => {
  const directory = scratch()
  const file = journal(directory, 'dead', false, [{ q: [5] }])
  // As between fork and exec: it shows its spawner's environment, and no task's.
  const child = spawn('/bin/sleep', ['60'], { env: { [spawnerVariable]: file }, stdio: 'ignore' })
  onTestFinished(() => void child.kill('SIGKILL'))
  const pool = await open(directory)
  expect(child.pid === undefined ? null : readProcess(child.pid)).toBeNull()
  expect(adopted(pool)).toEqual({ running: [], exited: [5] })
})
