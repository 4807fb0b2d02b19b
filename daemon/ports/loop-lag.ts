// How long the event loop was blocked: the gauge behind `balsamd status`.
import { monitorEventLoopDelay } from 'node:perf_hooks'

/** How often it looks, in ms. 50 costs an idle daemon 0.1 % of a core, 10 would cost 0.36 %. */
const resolutionMs = 50

/** A running gauge. */
export interface LoopLag {
  /** Longest delay in ms beyond what was due, since the last call. */
  takeMs(): number
}

/** Starts the gauge. It keeps no process alive. */
export function watchLoop(): LoopLag {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs })
  histogram.enable()
  return {
    takeMs() {
      const lagMs = Math.max(0, histogram.max / 1e6 - resolutionMs)
      histogram.reset()
      return lagMs
    },
  }
}
