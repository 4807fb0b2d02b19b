// The real clock and timers of command line and SDK. Nothing else of the client may use them.
import { setTimeout as sleepFor } from 'node:timers/promises'

/** Time as the client needs it. */
export interface ClientClock {
  /** Milliseconds since 1970. */
  wallMs(): number
  /** Milliseconds that only grow. */
  monotonicMs(): number
  /** Resolves after this long, or at once when the signal aborts. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** The machine's clock. */
export const realClock: ClientClock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: async (ms, signal) => {
    try {
      await sleepFor(ms, undefined, signal === undefined ? {} : { signal })
    } catch {
      // Aborted: the caller looks at its signal.
    }
  },
}
