// Runs stage-ins and stage-outs within the launcher: with a bound of time, tried again after a
// failure, ended at once when asked. What a launcher that died left undone is simply done again.
// Must never block the launcher: all of it is asynchronous and goes piece by piece.
import { limits } from '../../../protocol/limits.ts'
import type { Clock } from '../../../protocol/ports.ts'
import type { RunnerHandlers } from '../core/ports.ts'
import { type TransferPlace, type TransferPlan, transfer } from './transfers.ts'

/** What a transfer that was ended is said to have died of. */
const signalTerm = 15

/** The transfers of a node. */
export interface Stager {
  start(token: number, plan: TransferPlan, place: TransferPlace): void
  /** Ends one; false when it is none of these. */
  kill(token: number): boolean
  /** Ends all. */
  close(): void
}

/** Why a transfer is ended. */
class Overdue extends Error {}

/** A stager without transfers. */
export function makeStager(clock: Clock, handlers: RunnerHandlers): Stager {
  const running = new Map<number, AbortController>()

  const run = async (token: number, plan: TransferPlan, place: TransferPlace): Promise<void> => {
    const control = new AbortController()
    running.set(token, control)
    const startedAtMs = clock.wallMs()
    const beganMs = clock.monotonicMs()
    const late = new Overdue(`not done after ${plan.timeoutMs / 1_000} s`)
    const timer = clock.after(plan.timeoutMs, () => control.abort(late))
    // Handlers are called only when the caller has gone on.
    await Promise.resolve()
    handlers.onStarted(token, startedAtMs)
    handlers.onBatchEnd()
    const reason = await withRetries(plan, place, control.signal, clock)
    timer.cancel()
    running.delete(token)
    const isKilled = control.signal.aborted && control.signal.reason !== late
    const code = reason === null ? 0 : isKilled ? -1 : 1
    const wallMs = Math.round(clock.monotonicMs() - beganMs)
    const signal = isKilled && reason !== null ? signalTerm : 0
    const why = isKilled ? null : reason
    handlers.onExited(token, code, signal, startedAtMs, wallMs, 0, 0, 0, 0, why)
    handlers.onBatchEnd()
  }

  return {
    start: (token, plan, place) => void run(token, plan, place),
    kill(token) {
      const control = running.get(token)
      control?.abort()
      return control !== undefined
    },
    close() {
      for (const control of running.values()) control.abort()
    },
  }
}

/** Why it failed in the end; null when it did not. */
async function withRetries(
  plan: TransferPlan,
  place: TransferPlace,
  signal: AbortSignal,
  clock: Clock,
): Promise<string | null> {
  for (let tries = 1; ; tries += 1) {
    try {
      await transfer(plan, place, signal)
      return null
    } catch (error) {
      if (signal.aborted) return said(signal.reason)
      if (tries === limits.transferTriesMax) return `${said(error)} (tried ${tries} times)`
    }
    await pause(limits.transferRetryMs * 4 ** (tries - 1), signal, clock)
    if (signal.aborted) return said(signal.reason)
  }
}

function pause(ms: number, signal: AbortSignal, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.after(ms, resolve)
    signal.addEventListener('abort', () => {
      timer.cancel()
      resolve()
    })
  })
}

function said(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
