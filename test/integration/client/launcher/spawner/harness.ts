// Spawner processes for tests: real ones, driven by the real messages.
// Must never leave a process behind: every spawner is ended with its test.
import type { ChildProcessByStdio } from 'node:child_process'
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { onTestFinished } from 'vitest'
import { realClock } from '../../../../../client/launcher/ports/clock.ts'
import type {
  Command,
  Exit,
  Report,
  SpawnerKind,
  Started,
  Task,
} from '../../../../../client/launcher/spawner/messages.ts'
import { findMarked, spawnerVariable } from '../../../../../client/launcher/spawner/processes.ts'
import { taskMarkerVariable } from '../../../../../protocol/allocation-file.ts'

export const clock = realClock()
export const root = resolve(import.meta.dirname, '../../../../..')
export const spawnerPath = join(root, 'client/launcher/spawner/main.ts')
export const fixture = (name: string): string => join(root, 'test/fixtures/tasks', name)

/** A directory that goes with the test. */
export function scratch(): string {
  const directory = mkdtempSync(join(tmpdir(), 'balsam-spawner-'))
  // A process that was killed a moment ago may still be making its last file.
  const patiently = { recursive: true, force: true, maxRetries: 10, retryDelay: 20 }
  onTestFinished(() => rmSync(directory, patiently))
  return directory
}

/** Resolves when the condition holds; polls, because it is about other processes. */
export async function until(what: string, holds: () => boolean, forMs = 15_000): Promise<void> {
  const endMs = clock.monotonicMs() + forMs
  while (!holds()) {
    if (clock.monotonicMs() > endMs) throw new Error(`did not happen: ${what}`)
    await new Promise((done) => setTimeout(done, 3))
  }
}

export const fileAppears = (path: string): Promise<void> => until(path, () => existsSync(path))

/** A descriptor that a careless launcher leaves open. Node itself closes the first 16. */
export const leakedFd = 40
const leaked = Array.from({ length: leakedFd - 2 }, (_unused, n) =>
  n + 3 === leakedFd ? 2 : ('ignore' as const),
)

let markers = 0

/** A spawner under test. */
export interface Subject {
  readonly directory: string
  readonly journalFile: string
  readonly marker: string
  readonly process: ChildProcessByStdio<Writable, Readable, null>
  readonly exits: Map<number, Exit>
  readonly started: Map<number, Started>
  readonly withdrawn: Set<number>
  readonly reports: Report[]
  send(command: Command): void
  /** A task with defaults. */
  task(token: number, argv: readonly string[], more?: Partial<Task>): Task
  start(...tasks: Task[]): void
  exit(token: number): Promise<Exit>
  /** Starts it and waits for its end. */
  run(argv: readonly string[], more?: Partial<Task>): Promise<Exit>
  /** The same with its output. */
  output(argv: readonly string[], more?: Partial<Task>): Promise<string>
  ended(): Promise<number | null>
}

/** Starts a spawner with base environment 1: PATH and GREETING. */
export function openSpawner(kind: SpawnerKind, args: readonly string[] = []): Subject {
  const directory = scratch()
  const journalFile = join(directory, 'spawner-1.journal')
  const marker = `test-${process.pid}-${markers++}:1:`
  const own = ['--launcher', String(process.pid)]
  const words = ['--kind', kind, '--journal', journalFile, '--marker', marker, ...own, ...args]
  // A border: with these stdio settings stdin and stdout are there.
  const child = spawn(process.execPath, [spawnerPath, ...words], {
    stdio: ['pipe', 'pipe', 'inherit', ...leaked],
    env: { ...process.env, [spawnerVariable]: journalFile },
    detached: true,
  }) as unknown as ChildProcessByStdio<Writable, Readable, null>
  child.stdin.on('error', () => undefined)
  const exits = new Map<number, Exit>()
  const started = new Map<number, Started>()
  const withdrawn = new Set<number>()
  const reports: Report[] = []
  let rest = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const report = JSON.parse(line) as Report
      reports.push(report)
      if (report.op === 'exited') for (const exit of report.tasks) exits.set(exit.token, exit)
      if (report.op === 'started') for (const one of report.tasks) started.set(one[0], one)
      if (report.op === 'withdrawn') for (const token of report.tokens) withdrawn.add(token)
    }
  })
  const end = new Promise<number | null>((done) => child.once('close', done))
  onTestFinished(async () => {
    if (child.exitCode === null) child.kill('SIGKILL')
    for (const { pid } of findMarked((each) => each.startsWith(marker)))
      process.kill(pid, 'SIGKILL')
    await end
  })
  let tokens = 1_000

  const subject: Subject = {
    directory,
    journalFile,
    marker,
    process: child,
    exits,
    started,
    withdrawn,
    reports,
    send: (command) => void child.stdin.write(`${JSON.stringify(command)}\n`),
    task: (token, argv, more = {}) => ({
      token,
      lane: 0,
      argv,
      cwd: directory,
      makeCwd: false,
      envId: 1,
      stdout: null,
      stderr: null,
      append: false,
      cpus: null,
      envscript: null,
      ...more,
      env: { ...more.env, [taskMarkerVariable]: marker + token },
    }),
    start: (...tasks) => subject.send({ op: 'start', tasks }),
    async exit(token) {
      await until(`exit of ${token}`, () => exits.has(token))
      return exits.get(token) as Exit
    },
    run(argv, more) {
      const token = tokens++
      subject.start(subject.task(token, argv, more))
      return subject.exit(token)
    },
    async output(argv, more) {
      const stdout = join(directory, `out-${tokens}`)
      await subject.run(argv, { stdout, stderr: 'stdout', ...more })
      return readFileSync(stdout, 'utf8')
    },
    ended: () => end,
  }
  subject.send({ op: 'env', id: 1, env: { PATH: process.env['PATH'] ?? '', GREETING: 'hello' } })
  return subject
}

/** Is a process of this pid alive (a zombie is not)? */
export function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    return false
  }
}
