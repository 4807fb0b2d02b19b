// Keeps one launcher process alive: starts it again, with back-off, until it said goodbye.
// Must never run two processes for one node, nor start one while stopping.
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { limits } from '../../../protocol/limits.ts'
import type { Clock, Log, Timer } from '../../../protocol/ports.ts'

/** Exit codes of the launcher program that the supervisor acts on. */
export const launcherExit = { goodbye: 0, crashed: 1, cannotRun: 78 } as const

/** Of a longer line the rest is no use to anybody. */
const lineLengthMax = 4_000

/** How to start the process. */
export interface KeeperCommand {
  readonly argv: readonly string[]
  readonly environment: NodeJS.ProcessEnv
}

/** One launcher process and its successors. */
export interface Keeper {
  start(): void
  /** Asks it to stop; it is not started again. */
  stop(): void
  pid(): number | null
  isDone(): boolean
}

/** A keeper that has not started anything. */
export function makeKeeper(
  command: KeeperCommand,
  ports: { readonly clock: Clock; readonly log: Log },
  onDone: () => void,
): Keeper {
  const { clock, log } = ports
  let child: ChildProcess | null = null
  let timer: Timer | null = null
  let isStopping = false
  let isDone = false
  let deaths = 0

  const done = (): void => {
    if (isDone) return
    isDone = true
    onDone()
  }
  const start = (): void => {
    timer = null
    const [program = '', ...args] = command.argv
    const bornMs = clock.monotonicMs()
    // The first pipe is never written to: its end tells the launcher that its supervisor is gone.
    const started = spawn(program, args, { stdio: 'pipe', env: command.environment })
    child = started
    started.stdin.on('error', () => undefined)
    // Through the log and not straight into its file, which may be turned over meanwhile.
    for (const stream of [started.stdout, started.stderr]) tellLines(stream, started.pid, log)
    let isOver = false
    const over = (code: number | null, what: string): void => {
      if (isOver) return
      isOver = true
      child = null
      ended(code, what, clock.monotonicMs() - bornMs)
    }
    started.once('error', (error) => over(null, error.message))
    started.once('exit', (code, signal) => over(code, `code ${code}, signal ${signal}`))
  }
  const ended = (code: number | null, what: string, livedMs: number): void => {
    if (code === launcherExit.goodbye || code === launcherExit.cannotRun || isStopping) {
      log.info('launcher ended', { what })
      done()
      return
    }
    if (livedMs >= limits.restartHealthyMs) deaths = 0
    const waitMs = Math.min(limits.restartMsMax, limits.restartMsMin * 2 ** Math.min(deaths++, 16))
    log.error('launcher died and is started again', { what, livedMs, waitMs })
    timer = clock.after(waitMs, start)
  }

  return {
    start,
    stop() {
      isStopping = true
      if (timer !== null) {
        timer.cancel()
        timer = null
        done()
      }
      child?.kill('SIGTERM')
    },
    pid: () => child?.pid ?? null,
    isDone: () => isDone,
  }
}

/** Outside of its log a launcher says only what Node itself has to say: warnings, a last error. */
function tellLines(stream: Readable, pid: number | undefined, log: Log): void {
  stream.on('error', () => undefined)
  createInterface({ input: stream }).on('line', (line) => {
    log.warn('a launcher says', { pid, line: line.slice(0, lineLengthMax) })
  })
}
