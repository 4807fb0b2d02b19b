// Exits on their way to the daemon: collected, numbered, kept until acknowledged, sent again.
// Must never change a report that has a number, nor drop one that was not acknowledged.
import type { ExitedFrame } from '../../../protocol/frames.ts'
import { exitStride, frameKind } from '../../../protocol/frames.ts'
import { limits } from '../../../protocol/limits.ts'
import type { Clock, Timer } from '../../../protocol/ports.ts'

/** Longest explanation of one task: the end of a hook's log. */
const reasonLengthMax = 8_000
/** Explanations of one report, so that it fits a frame. */
const reasonsLengthMax = 512 * 1024

/** The collector of exits. */
export interface Reports {
  /** The numbers of one exit, in the order of ExitedFrame. */
  add(
    token: number,
    code: number,
    signal: number,
    startedAtMs: number,
    wallMs: number,
    userMs: number,
    systemMs: number,
    rssKiB: number,
    orphans: number,
    reason: string | null,
  ): void
  /**
   * Sends what is collected: at once when the daemon owes no answer, else within reportMsMax; while
   * busy within reportBusyMsMax.
   */
  batchEnd(): void
  /** Sends what is collected, now. */
  flush(): void
  /** The report is durable. Returns the tokens in it; [] when it is not known (any more). */
  acknowledge(report: number): number[]
  /** A new connection stands: everything unacknowledged goes out again, unchanged, in order. */
  resend(): void
  /** Exits that are collected or not acknowledged. */
  pending(): number
}

/**
 * A collector that sends by `send`; the frame is dropped there while the link is down. While
 * `isBusy`, no slot waits for the daemon's answer, so exits gather longer: a report costs a commit.
 */
export function makeReports(
  clock: Clock,
  send: (frame: ExitedFrame) => boolean,
  isBusy: () => boolean,
): Reports {
  const unacknowledged = new Map<number, ExitedFrame>()
  let exits: number[] = []
  let reasons: (readonly [number, string])[] = []
  let reasonsLength = 0
  let lastReport = 0
  let pending = 0
  let timer: Timer | null = null
  // True while the timer is the short one.
  let isShort = false

  const flush = (): void => {
    timer?.cancel()
    timer = null
    isShort = false
    if (exits.length === 0) return
    const frame: ExitedFrame = [frameKind.exited, ++lastReport, exits, reasons]
    unacknowledged.set(lastReport, frame)
    exits = []
    reasons = []
    reasonsLength = 0
    send(frame)
  }

  return {
    add(token, code, signal, startedAtMs, wallMs, userMs, systemMs, rssKiB, orphans, reason) {
      exits.push(token, code, signal, startedAtMs, wallMs, userMs, systemMs, rssKiB, orphans)
      pending++
      if (reason !== null) {
        reasons.push([token, reason.slice(0, reasonLengthMax)])
        reasonsLength += Math.min(reason.length, reasonLengthMax)
      }
      const isFull = exits.length >= limits.reportExitsMax * exitStride
      if (isFull || reasonsLength > reasonsLengthMax) flush()
    },
    batchEnd() {
      if (exits.length === 0) return
      if (isBusy()) {
        timer ??= clock.after(limits.reportBusyMsMax, flush)
        return
      }
      // Waiting is of use only while the daemon is busy with an earlier report.
      if (unacknowledged.size === 0) flush()
      else if (!isShort) {
        timer?.cancel()
        timer = clock.after(limits.reportMsMax, flush)
        isShort = true
      }
    },
    flush,
    acknowledge(report) {
      const frame = unacknowledged.get(report)
      if (frame === undefined) return []
      unacknowledged.delete(report)
      const tokens: number[] = []
      for (let at = 0; at < frame[2].length; at += exitStride) tokens.push(frame[2][at] ?? -1)
      pending -= tokens.length
      // What gathered meanwhile need not wait for its timer.
      if (unacknowledged.size === 0 && !isBusy()) flush()
      return tokens
    },
    resend() {
      for (const frame of unacknowledged.values()) send(frame)
    },
    pending: () => pending,
  }
}
