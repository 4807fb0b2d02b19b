// One measurement of a spawner pool, or of the C loop it is compared with.
// Must never leave out a part of the work: it counts from the first task sent to the last exit.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { realClock } from '../../../client/launcher/ports/clock.ts'
import type { SpawnerKind, Task } from '../../../client/launcher/spawner/messages.ts'
import { makeSpawnerPool } from '../../../client/launcher/spawner/pool.ts'
import { taskMarkerVariable } from '../../../protocol/allocation-file.ts'

const root = resolve(import.meta.dirname, '../../..')
const clock = realClock()
/** As a launcher does with short tasks: so many are with the spawner beyond the running one. */
const ahead = 8

/** What is measured. */
export interface Case {
  readonly kind: SpawnerKind
  readonly spawners: number
  readonly lanes: number
  readonly tasks: number
  readonly hasOutput: boolean
}

/** What came out. */
export interface Measured {
  readonly perSecond: number
  /** CPU time of everything per task in µs: spawners, tasks and the launcher's side. */
  readonly cpuUs: number
  /** Processes made on this machine meanwhile, for each task. */
  readonly forks: number
}

/** Compiles the C loop. */
export function compileLoop(directory: string): string {
  const program = join(directory, 'loop')
  execFileSync('gcc', ['-O2', '-o', program, join(import.meta.dirname, 'loop.c')])
  return program
}

/** Runs the C loop with two parents. */
export function measureLoop(program: string, tasks: number, hasOutput: boolean): Measured {
  return withDirectory((directory) => {
    const before = look()
    execFileSync(program, [String(tasks), '2', ...(hasOutput ? [directory] : [])])
    return difference(before, look(), tasks)
  })
}

/** Runs tasks through a pool. */
export async function measurePool(measured: Case): Promise<Measured> {
  const directory = mkdtempSync(join(tmpdir(), 'balsam-bench-'))
  try {
    return await runPool(measured, directory)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

async function runPool(measured: Case, directory: string): Promise<Measured> {
  const { kind, spawners, lanes, tasks, hasOutput } = measured
  const marker = 'bench:1:'
  const output = join(directory, 'output')
  mkdirSync(output)
  let ready = 0
  let onReady = (): void => undefined
  let onDone = (): void => undefined
  let sent = 0
  let ended = 0
  const held = Array.from({ length: lanes }, () => 0)
  const laneOf = new Map<number, number>()
  const isReady = new Promise<void>((done) => {
    onReady = done
  })
  const isDone = new Promise<void>((done) => {
    onDone = done
  })
  const feed = (): void => {
    const batch: Task[] = []
    for (let lane = 0; lane < lanes; lane++) {
      while ((held[lane] ?? 0) <= ahead && sent < tasks) {
        held[lane] = (held[lane] ?? 0) + 1
        laneOf.set(sent, lane)
        batch.push(task(sent++, lane))
      }
    }
    if (batch.length > 0) pool.start(batch)
  }
  const pool = makeSpawnerPool({
    count: spawners,
    kind,
    journalDir: directory,
    nodePath: process.execPath,
    spawnerPath: bundledSpawner(),
    marker,
    openFilesSoft: null,
    clock,
    log: {
      debug: () => undefined,
      info: () => {
        if (++ready === spawners) onReady()
      },
      warn: (what, facts) => console.error(what, facts),
      error: (what, facts) => console.error(what, facts),
    },
    onStarted: () => undefined,
    onExited(exits) {
      for (const { token, code, error } of exits) {
        if (code !== 0) throw new Error(`task ${token} failed: ${error ?? code}`)
        const lane = laneOf.get(token) ?? 0
        laneOf.delete(token)
        held[lane] = (held[lane] ?? 0) - 1
      }
      ended += exits.length
      pool.ack(exits.map(({ token }) => token))
      feed()
      if (ended === tasks) onDone()
    },
    onWithdrawn: () => undefined,
    onSpawnerLost: (tokens) => {
      throw new Error(`${tokens.length} tasks were lost`)
    },
  })
  // The C loop's children inherit its environment; so do these.
  const env: Record<string, string> = {}
  for (const [name, value] of Object.entries(process.env)) env[name] = value ?? ''
  const envId = pool.baseEnv(env)
  const task = (token: number, lane: number): Task => ({
    token,
    lane,
    argv: ['/bin/true'],
    cwd: directory,
    makeCwd: false,
    envId,
    env: { BALSAM_JOB_ID: String(token), [taskMarkerVariable]: marker + token },
    stdout: hasOutput ? join(output, `${token}.out`) : null,
    stderr: hasOutput ? 'stdout' : null,
    append: false,
    cpus: null,
    envscript: null,
  })
  await isReady
  const before = look()
  feed()
  await isDone
  const after = look()
  await pool.drain()
  return difference(before, after, tasks)
}

/** The bundle when it has been built, as users run it; else the source. */
function bundledSpawner(): string {
  const bundle = join(root, 'dist/spawner.js')
  return existsSync(bundle) && process.env['BALSAM_BENCH_SOURCE'] === undefined
    ? bundle
    : join(root, 'client/launcher/spawner/main.ts')
}

/** Readings of this machine. */
interface Look {
  readonly ms: number
  readonly busyTicks: number
  readonly forks: number
}

function look(): Look {
  const text = readFileSync('/proc/stat', 'utf8')
  const ticks = (/^cpu +(.*)$/m.exec(text)?.[1] ?? '').split(' ').map(Number)
  // user, nice, system, (idle, iowait,) irq, softirq
  const busyTicks = [0, 1, 2, 5, 6].reduce((sum, at) => sum + (ticks[at] ?? 0), 0)
  const forks = Number(/^processes (\d+)$/m.exec(text)?.[1])
  return { ms: clock.monotonicMs(), busyTicks, forks }
}

function difference(before: Look, after: Look, tasks: number): Measured {
  return {
    perSecond: (tasks / (after.ms - before.ms)) * 1000,
    cpuUs: ((after.busyTicks - before.busyTicks) * 10_000) / tasks,
    forks: (after.forks - before.forks) / tasks,
  }
}

function withDirectory<T>(use: (directory: string) => T): T {
  const directory = mkdtempSync(join(tmpdir(), 'balsam-bench-'))
  try {
    return use(directory)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
