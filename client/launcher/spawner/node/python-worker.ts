// One warm Python worker: the process, the call it serves, and its last words when it dies.
// Must never believe an answer to a call that is not the present one.
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { closeSync, fstatSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import type { PythonCall } from '../../../../protocol/job.ts'
import { limits } from '../../../../protocol/limits.ts'
import type { Ending } from '../backend.ts'
import { argvOf } from '../envscript.ts'
import { readProcess } from '../processes.ts'
import type { Running } from '../running.ts'
import { startTimeUnknown } from '../running.ts'
import { codeOf, Refusal } from './prepare.ts'

/** What a worker says of a call. */
export interface PythonAnswer {
  readonly ending: Ending
  /** It may serve another one: nothing of this call is left in it, and it has not grown much. */
  readonly isFit: boolean
}

/** A worker. */
export interface PythonWorker {
  /** Calls with an equal key may be served by it. */
  readonly key: string
  readonly pid: number
  /** Field 22 of /proc/PID/stat. */
  readonly startTime: number
  serve(running: Running): void
  /** It ends when its input does. */
  end(): void
}

/** How a worker is started, and who hears of it. */
export interface WorkerPlan {
  readonly key: string
  readonly python: PythonCall
  readonly env: Readonly<Record<string, string>>
  readonly envscript: string | null
  readonly journalFile: string
  answered(worker: PythonWorker, running: Running, answer: PythonAnswer): void
  /** `running`: the call that it took with it. */
  died(worker: PythonWorker, running: Running | null, ending: Ending): void
}

let workers = 0

/** Starts one. @throws Refusal */
export function startWorker(plan: WorkerPlan): PythonWorker {
  const captured = openCapture(`${plan.journalFile}.w${++workers}`)
  const child = spawnWorker(plan, captured)
  let running: Running | null = null
  let said = ''
  const input = child.stdin
  const answers = child.stdio[3] as Readable
  const worker: PythonWorker = {
    key: plan.key,
    pid: child.pid ?? 0,
    startTime: readProcess(child.pid ?? 0)?.startTime ?? startTimeUnknown,
    serve(next) {
      running = next
      input.write(`${JSON.stringify(callOf(next))}\n`)
    },
    end: () => input.end(),
  }
  input.on('error', () => undefined)
  answers.on('error', () => undefined)
  answers.setEncoding('utf8').on('data', (text: string) => {
    said += text
    if (!said.endsWith('\n') || running === null) return
    const one = running
    running = null
    const line = said
    said = ''
    plan.answered(worker, one, answerOf(line))
  })
  child.once('exit', (code, signal) => {
    const one = running
    running = null
    if (one !== null) keepTail(captured, one)
    closeSync(captured)
    plan.died(worker, one, deathOf(code, signal))
  })
  return worker
}

type WorkerProcess = ChildProcess & { readonly stdin: Writable }

function spawnWorker(plan: WorkerPlan, captured: number): WorkerProcess {
  const { python, env, envscript } = plan
  const argv = argvOf({
    argv: [python.interpreter, '-u', workerProgram()],
    envscript,
    cwd: '/',
    env: {},
  })
  const child = spawn(argv[0] ?? '', argv.slice(1), {
    cwd: '/',
    env,
    // A session of its own: a group that signals reach as a whole.
    detached: true,
    stdio: ['pipe', captured, captured, 'pipe'],
  })
  child.once('error', () => undefined)
  if (child.pid === undefined || child.stdin === null) {
    closeSync(captured)
    throw new Refusal(`EAGAIN: ${python.interpreter} could not be started`)
  }
  return child as WorkerProcess
}

/** What the worker needs of a task. */
function callOf({ task }: Running): object {
  const { python, cwd, env, stdout } = task
  const { growthMiBMax, callsMax } = {
    growthMiBMax: limits.pythonGrowthMiBMax,
    callsMax: limits.pythonCallsMax,
  }
  return {
    payload: python?.payload,
    context: python?.context,
    result: python?.resultFile,
    cwd,
    env,
    output: stdout,
    growthMiBMax,
    callsMax,
  }
}

/** [code, user ms, system ms, peak KiB, is the peak the call's own, may it serve again] */
function answerOf(line: string): PythonAnswer {
  // The other end is our own worker.py of the same build.
  const [code, userMs, systemMs, maxRssKiB, isPeak, isFit] = JSON.parse(line) as number[]
  return {
    isFit: isFit === 1,
    ending: {
      code: code ?? 1,
      signal: null,
      userMs: userMs ?? 0,
      systemMs: systemMs ?? 0,
      maxRssKiB: maxRssKiB ?? 0,
      isRssBelow: isPeak !== 1,
      hasLeftovers: false,
    },
  }
}

/** It ended in the middle of a call: that is how the call ended, too. */
function deathOf(code: number | null, signal: NodeJS.Signals | null): Ending {
  return {
    // Whatever it was, it was no answer.
    code: signal === null ? code || 1 : null,
    signal: signal === null ? null : constants.signals[signal],
    userMs: 0,
    systemMs: 0,
    maxRssKiB: 0,
    isRssBelow: false,
    hasLeftovers: true,
  }
}

/** A file without a name: it goes with the last process that writes to it. */
function openCapture(path: string): number {
  try {
    const fd = openSync(path, 'ax+', 0o600)
    rmSync(path)
    return fd
  } catch (error) {
    throw new Refusal(`${codeOf(error)}: ${path}`)
  }
}

/** The last that it printed, for whoever waits for the call. */
function keepTail(captured: number, { task }: Running): void {
  if (task.python === undefined) return
  try {
    const fd = task.stdout === null ? captured : openSync(task.stdout, 'r')
    const { size } = fstatSync(fd)
    const bytes = Buffer.alloc(Math.min(size, limits.pythonTailBytes))
    readSync(fd, bytes, 0, bytes.length, size - bytes.length)
    if (fd !== captured) closeSync(fd)
    writeFileSync(`${task.python.resultFile}.log`, bytes, { mode: 0o600 })
  } catch {
    // Whoever asked for it may have gone, with its directory.
  }
}

/** Beside the sources of the client, or in dist where everything else is one file. */
function workerProgram(): string {
  const self = import.meta.filename
  const isSource = self.endsWith('.ts')
  return isSource
    ? join(dirname(self), '../../../python/balsam/worker.py')
    : join(dirname(self), 'worker.py')
}
