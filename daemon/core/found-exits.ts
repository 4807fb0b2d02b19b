// Exits that were found in the journals of an ended allocation, with what the journals can't know:
// who sent the signal. Must never change a result that a task gave by itself.
import { exitReasons } from '../../protocol/exit-reasons.ts'
import { exitStride } from '../../protocol/frames.ts'
import { limits } from '../../protocol/limits.ts'
import type { FoundExits } from './allocation-services.ts'

/** Signals by which an allocation ends its tasks: TERM, KILL. */
const endSignals: readonly number[] = [15, 9]

/** The end of an allocation, as its machine remembers it; wall times in ms. */
export interface AllocationEnd {
  readonly cancelledAtMs: number | null
  readonly walltimeEndsAtMs: number | null
}

/**
 * Adds reasons: a task that ended by a signal when its allocation was being ended was ended with
 * it, by whichever process was left to do so, and may be tried again.
 */
export function withReasons(
  found: FoundExits,
  end: AllocationEnd,
  killGraceMs: number,
): FoundExits {
  const known = new Map(found.reasons)
  const reasons = [...found.reasons]
  for (let at = 0; at < found.flat.length; at += exitStride) {
    const [token = 0, , signal = 0, startedAtMs = 0, wallMs = 0] = found.flat.slice(at, at + 5)
    if (known.has(token) || !endSignals.includes(signal)) continue
    const reason = reasonAt(startedAtMs + wallMs, end, killGraceMs)
    if (reason !== null) reasons.push([token, reason])
  }
  return { flat: found.flat, reasons }
}

function reasonAt(endedAtMs: number, end: AllocationEnd, killGraceMs: number): string | null {
  // The node's clock may be a little behind the daemon's.
  const atMs = endedAtMs + limits.stopSlackMs
  if (end.cancelledAtMs !== null && atMs >= end.cancelledAtMs) return exitReasons.stopped
  // Tasks are ended one grace before the end.
  const isTimeUp = end.walltimeEndsAtMs !== null && atMs >= end.walltimeEndsAtMs - killGraceMs
  return isTimeUp ? exitReasons.wallTime : null
}
