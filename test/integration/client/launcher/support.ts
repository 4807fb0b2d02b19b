// A run directory with its allocation.json, a supervisor on it, and a fake daemon to talk to.
// Must leave nothing behind: every process started here ends with the test.
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { markedProcesses } from '../../../../client/launcher/machine/processes.ts'
import type { AllocationFile } from '../../../../protocol/allocation-file.ts'
import { allocationMarkerVariable, runFiles } from '../../../../protocol/allocation-file.ts'
import type { TaskTemplate } from '../../../../protocol/frames.ts'
import { frameKind } from '../../../../protocol/frames.ts'
import type { FakeDaemon, FakePeer } from '../../../support/fake-daemon.ts'
import { startFakeDaemon } from '../../../support/fake-daemon.ts'

const program = join(import.meta.dirname, '../../../../client/launcher/supervisor/main.ts')
let lastId = 0

/** A template that runs a command of sh. */
export function shellTemplate(script: string, changes: Partial<TaskTemplate> = {}): TaskTemplate {
  return {
    templateId: ++lastId,
    name: 'task',
    argv: ['/bin/sh', '-c', script],
    environment: {},
    envscript: '',
    cpus: 1,
    arrayOffset: null,
    workdirRoot: null,
    cwd: '/',
    output: null,
    ...changes,
  }
}

/** Assigns tokens of a template; job ids are token + 1000. */
export function assign(peer: FakePeer, template: TaskTemplate, tokens: readonly number[]): void {
  const flat = tokens.flatMap((token) => [token + 1000, 1, token, template.templateId])
  peer.send([frameKind.assign, 1, [template], flat, []])
}

/** An allocation with its fake daemon. */
export interface World {
  readonly directory: string
  readonly runDirectory: string
  readonly marker: string
  readonly daemon: FakeDaemon
  /** Starts the supervisor; `ended` gives its exit code, or signal. */
  supervise(): Supervised
  log(): string
}

/** A started supervisor. */
export interface Supervised {
  readonly pid: number
  readonly ended: Promise<number | NodeJS.Signals | null>
  kill(signal: NodeJS.Signals): void
}

/** Makes the directory and the daemon; all is gone after the test. */
export async function makeWorld(changes: Partial<AllocationFile> = {}): Promise<World> {
  const directory = mkdtempSync(join(tmpdir(), 'balsam-launcher-'))
  const runDirectory = join(directory, 'run')
  mkdirSync(runDirectory)
  const siteId = `test-${process.pid}-${++lastId}`
  const marker = `${siteId}:1`
  const daemon = await startFakeDaemon(join(directory, 'd.sock'), {
    epoch: 1,
    isAcknowledging: true,
  })
  const file: AllocationFile = {
    siteId,
    siteDirectory: directory,
    allocationId: 1,
    socket: daemon.socket,
    tls: null,
    nodes: [{ name: 'node0', cpus: 2 }],
    wallTimeSeconds: null,
    killGraceMs: 1_000,
    idleExitMs: null,
    isNoExec: false,
    environment: { PATH: process.env['PATH'] ?? '/usr/bin:/bin' },
    spawnerKind: 'auto',
    spawners: null,
    hookSlots: 2,
    jobMode: 'serial',
    log: { level: 'info', fileBytesMax: 10_000_000, filesKept: 3 },
    ...changes,
  }
  writeFileSync(join(runDirectory, runFiles.allocation), JSON.stringify(file), { mode: 0o600 })
  onTestFinished(async () => {
    for (const { pid } of markedProcesses(marker)) process.kill(pid, 'SIGKILL')
    await daemon.stop()
    rmSync(directory, { recursive: true, force: true })
  })
  return {
    directory,
    runDirectory,
    marker,
    daemon,
    supervise: () => startSupervisor(runDirectory, marker),
    log: () => readFileSync(join(runDirectory, runFiles.log), 'utf8'),
  }
}

function startSupervisor(runDirectory: string, marker: string): Supervised {
  const child = spawn(process.execPath, [program, '--run-dir', runDirectory], {
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: true,
    env: { ...process.env, [allocationMarkerVariable]: marker },
  })
  const ended = Promise.withResolvers<number | NodeJS.Signals | null>()
  child.once('exit', (code, signal) => ended.resolve(signal ?? code))
  if (child.pid === undefined) throw new Error('the supervisor did not start')
  const { pid } = child
  return { pid, ended: ended.promise, kill: (signal) => void process.kill(pid, signal) }
}
