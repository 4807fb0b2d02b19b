// A runner without processes: every task has succeeded as soon as it was to start.
// For measurements of everything else: must never make an object, a timer or a closure for a task.
import type { Clock } from '../../../protocol/ports.ts'
import type { RunnerHandlers, TaskRunner } from '../core/ports.ts'

/** Answers at the next flush. */
export function makeNoExecRunner(clock: Clock, handlers: RunnerHandlers): TaskRunner {
  let tokens: number[] = []
  let spare: number[] = []
  return {
    start(_lane, token) {
      tokens.push(token)
    },
    // What was started has been answered in the same turn, so these never find anything.
    kill: () => undefined,
    withdraw: () => undefined,
    forget: () => undefined,
    close: () => undefined,
    flush() {
      if (tokens.length === 0) return
      const done = tokens
      // Answers may start further tasks: those wait for the next flush.
      tokens = spare
      const now = clock.wallMs()
      for (let at = 0; at < done.length; at++) {
        handlers.onExited(done[at] ?? -1, 0, 0, now, 0, 0, 0, 0, 0, null)
      }
      done.length = 0
      spare = done
      handlers.onBatchEnd()
    },
  }
}
