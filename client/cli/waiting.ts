// Waiting for jobs: draws progress on standard error, ends with the exit code of the outcome.
// Ctrl-C only detaches: the jobs go on. Nothing is drawn more often than ten times a second.
import type { WaitProgress } from '../../protocol/calls.ts'
import { fault } from '../../protocol/faults.ts'
import type { JobFilter, SubmissionReceipt } from '../../protocol/job.ts'
import { limits } from '../../protocol/limits.ts'
import { realClock } from './ports/clock.ts'
import { lookOf } from './show/look.ts'
import { progressBar, progressText, rateMeter, standingOf } from './show/progress.ts'
import type { Context } from './verb.ts'

/** How a wait ends and what it says. */
export interface WaitOptions {
  /** The command that waits for the same jobs again. */
  readonly again: string
  readonly timeoutMs?: number
  /** Jobs that failed are no failure of the wait. */
  readonly isFailureFine?: boolean
  /** Print the last progress as a document. */
  readonly isJson?: boolean
}

const interruptedExit = 130

/** The jobs of a receipt. */
export function receiptFilter(receipt: SubmissionReceipt): JobFilter {
  return { ranges: receipt.ranges }
}

/** Waits; resolves to the exit code. Faults: NOTHING_MATCHED, JOBS_FAILED, WAIT_TIMEOUT. */
export async function waitFor(
  context: Context,
  filter: JobFilter,
  options: WaitOptions,
): Promise<number> {
  const stop = new AbortController()
  const timeout = new AbortController()
  let ending: 'interrupt' | 'timeout' | undefined
  const end = (why: 'interrupt' | 'timeout'): void => {
    ending ??= why
    stop.abort()
  }
  const release = context.terminal.onInterrupt(() => end('interrupt'))
  if (options.timeoutMs !== undefined) void endLater(options.timeoutMs, timeout.signal, end)
  const display = progressDisplay(context)
  let last: WaitProgress | undefined
  try {
    for await (const progress of context.balsam().wait(filter, stop.signal)) {
      last = progress
      display.show(progress)
      if (progress.is_done || ending !== undefined) break
    }
  } catch (error) {
    if (ending === undefined) throw error
  } finally {
    release()
    timeout.abort()
    display.end(last)
  }
  if (ending === 'interrupt') {
    context.say(`balsam: not waiting any more; the jobs go on. ${options.again} waits again`)
    return interruptedExit
  }
  if (ending === 'timeout') {
    throw fault('WAIT_TIMEOUT', { seconds: Math.round((options.timeoutMs ?? 0) / 1000) })
  }
  return outcome(context, last, options)
}

async function endLater(
  ms: number,
  signal: AbortSignal,
  end: (why: 'timeout') => void,
): Promise<void> {
  await realClock.sleep(ms, signal)
  if (!signal.aborted) end('timeout')
}

function outcome(context: Context, last: WaitProgress | undefined, options: WaitOptions): number {
  if (last === undefined || last.total === 0) throw fault('NOTHING_MATCHED')
  if (options.isJson === true) {
    const { total, states } = last
    context.print(`${JSON.stringify({ schema: 'balsam.tally/1', total, states })}\n`)
  }
  const { failed, total } = standingOf(last)
  if (failed > 0 && options.isFailureFine !== true) throw fault('JOBS_FAILED', { failed, total })
  return 0
}

interface Display {
  show(progress: WaitProgress): void
  end(last: WaitProgress | undefined): void
}

/** A bar on a terminal; elsewhere a line now and then, and one at the end. */
function progressDisplay(context: Context): Display {
  const { err, env } = context.terminal
  const meter = rateMeter()
  const pace = err.isTty ? 1000 / limits.progressPerSecondMax : limits.progressLineMs
  const isBar = err.isTty && env['TERM'] !== 'dumb'
  let drawnAtMs = Number.NEGATIVE_INFINITY
  let isWarned = false
  let hasBar = false

  const clear = (): void => {
    if (hasBar) err.write('\r\u001b[K')
    hasBar = false
  }
  const textOf = (progress: WaitProgress, rate: number | undefined): string =>
    progressText(standingOf(progress), rate)

  return {
    show(progress) {
      const standing = standingOf(progress)
      const now = realClock.monotonicMs()
      const rate = meter.take(standing.done + standing.failed, now)
      if (
        !isWarned &&
        !progress.is_done &&
        progress.launchers + progress.pending_allocations === 0
      ) {
        isWarned = true
        clear()
        context.say('balsam: nothing runs yet: there is no launcher')
        context.say('  balsam submit-launch or balsam launcher starts one')
      }
      if (progress.is_done || now - drawnAtMs < pace) return
      // The first line of a pipe would only repeat what was just asked for.
      const isFirst = drawnAtMs === Number.NEGATIVE_INFINITY
      drawnAtMs = now
      if (isBar) {
        err.write(`\r${progressBar(standing, rate, lookOf(err, env))}\u001b[K`)
        hasBar = true
      } else if (!isFirst) context.say(`balsam: ${textOf(progress, rate)}`)
    },
    end(last) {
      clear()
      if (last?.is_done === true && last.total > 0)
        context.say(`balsam: ${textOf(last, undefined)}`)
    },
  }
}
