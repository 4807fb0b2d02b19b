// Real time and chance. Nothing else in the launcher may ask the system for them.
import { randomBytes } from 'node:crypto'
import type { Clock, Randomness } from '../../../protocol/ports.ts'

/** Timers longer than this fire at once in Node, so longer waits are cut into pieces. */
const timerMsMax = 2 ** 31 - 1

/** The clock of production. */
export function realClock(): Clock {
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
      }
      arm(ms)
      return { cancel: () => clearTimeout(timer) }
    },
    soon(call) {
      setImmediate(call)
    },
  }
}

/** The chance of production. */
export function realRandomness(): Randomness {
  return {
    next: () => Math.random(),
    hex: (bytes) => randomBytes(bytes).toString('hex'),
  }
}
