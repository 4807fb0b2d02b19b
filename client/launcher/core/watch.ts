// Watches for slow tasks: they are reported as started, and give up what waits behind them.
// Must never hold a timer for a task: one for all lanes, and none while everything is quick.
import { limits } from '../../../protocol/limits.ts'
import type { Clock, Timer } from '../../../protocol/ports.ts'
import type { Lanes } from './lanes.ts'
import type { Tasks } from './tasks.ts'
import { wish } from './tasks.ts'

/** Never more often than this, however tasks are spread over time. */
const scanMsMin = 5

/** What the watch does with what it finds. */
export interface WatchHandlers {
  /** Flat (token, startedAtMs) of tasks that have run for startedReportMs. */
  onSlow(started: number[]): void
  /** Tokens that wait in a lane behind a slow task. */
  onStuck(tokens: number[]): void
}

/** The watch. */
export interface Watch {
  /** A task has started. */
  arm(): void
  /** A new connection stands: what was found slow before may not have been heard. */
  resend(): void
  stop(): void
}

/** A watch over these lanes. */
export function makeWatch(
  clock: Clock,
  lanes: Lanes,
  tasks: Tasks,
  handlers: WatchHandlers,
): Watch {
  let timer: Timer | null = null

  const scan = (): void => {
    timer = null
    const now = clock.monotonicMs()
    const started: number[] = []
    const stuck: number[] = []
    let nextMs = Number.POSITIVE_INFINITY
    for (const lane of lanes.open) {
      if (lane.running < 0 || lane.isReported) continue
      const leftMs = lane.seenAtMs + limits.startedReportMs - now
      if (leftMs > 0) {
        nextMs = Math.min(nextMs, leftMs)
        continue
      }
      lane.isReported = true
      started.push(tasks.tokens[lane.running] ?? -1, Math.round(lane.startedAtMs))
      for (const row of lane.rows) {
        if (row !== lane.running && tasks.wishes[row] === wish.none) {
          stuck.push(tasks.tokens[row] ?? -1)
        }
      }
    }
    if (nextMs !== Number.POSITIVE_INFINITY) timer = clock.after(Math.max(nextMs, scanMsMin), scan)
    if (started.length > 0) handlers.onSlow(started)
    if (stuck.length > 0) handlers.onStuck(stuck)
  }

  return {
    arm() {
      timer ??= clock.after(limits.startedReportMs, scan)
    },
    resend() {
      const started: number[] = []
      for (const lane of lanes.open) {
        if (lane.running < 0 || !lane.isReported) continue
        started.push(tasks.tokens[lane.running] ?? -1, Math.round(lane.startedAtMs))
      }
      if (started.length > 0) handlers.onSlow(started)
    },
    stop() {
      timer?.cancel()
      timer = null
    },
  }
}
