// Real time. Nothing else in the daemon may ask the system for it.
import type { Clock } from '../../protocol/ports.ts'

/** Timers longer than this fire at once in Node, so longer waits are cut into pieces. */
const timerMsMax = 2 ** 31 - 1

/** The clock of production. Its timers keep the process alive only as long as `isKeeping` says. */
export function realClock(isKeeping = true): Clock {
  return {
    wallMs: () => Date.now(),
    monotonicMs: () => performance.now(),
    after(ms, call) {
      let timer: NodeJS.Timeout
      const arm = (leftMs: number): void => {
        const stepMs = Math.min(Math.max(leftMs, 0), timerMsMax)
        timer = setTimeout(
          () => (leftMs > stepMs ? arm(leftMs - stepMs) : call()),
          Math.ceil(stepMs),
        )
        if (!isKeeping) timer.unref()
      }
      arm(ms)
      return { cancel: () => clearTimeout(timer) }
    },
    soon(call) {
      setImmediate(call)
    },
  }
}
