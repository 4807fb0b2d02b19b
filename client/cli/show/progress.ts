// The progress of waited jobs: one stacked bar with counts, rate and time to go, or a plain line.
// Pure text: when to draw is decided by verbs/wait.
import type { WaitProgress } from '../../../protocol/calls.ts'
import { showDuration } from '../../../protocol/durations.ts'
import type { JobState } from '../../../protocol/states.ts'
import { type Colour, type Look, paint } from './look.ts'
import { widthOf } from './width.ts'

/** Jobs by what a waiting person wants to know. */
export interface Standing {
  readonly total: number
  readonly done: number
  readonly failed: number
  readonly running: number
  readonly waiting: number
}

/** Counts by group; killed jobs count as failed, since they did not do what was waited for. */
export function standingOf(progress: Pick<WaitProgress, 'total' | 'states'>): Standing {
  const of = (state: JobState): number => progress.states[state] ?? 0
  const done = of('JOB_FINISHED')
  const failed = of('FAILED') + of('USER_KILLED')
  const running = of('RUNNING')
  return {
    total: progress.total,
    done,
    failed,
    running,
    waiting: Math.max(0, progress.total - done - failed - running),
  }
}

/** Ended jobs a second over about the last minute. */
export interface RateMeter {
  /** Takes what has ended by now; gives the rate, or undefined when it can't be told yet. */
  take(ended: number, nowMs: number): number | undefined
}

const rateWindowMs = 60_000

/** A meter that remembers one minute. */
export function rateMeter(): RateMeter {
  const seen: { ended: number; atMs: number }[] = []
  return {
    take(ended, nowMs) {
      seen.push({ ended, atMs: nowMs })
      while (seen.length > 2 && nowMs - (seen[1]?.atMs ?? nowMs) > rateWindowMs) seen.shift()
      const first = seen[0]
      if (first === undefined || nowMs - first.atMs < 500) return undefined
      return ((ended - first.ended) * 1000) / (nowMs - first.atMs)
    },
  }
}

/** `38/100 done, 4 running, 2 failed, 41.7/s, 12s to go`. */
export function progressText(standing: Standing, rate: number | undefined): string {
  const { total, done, failed, running } = standing
  const left = total - done - failed
  const parts = [`${done}/${total} done`]
  if (running > 0) parts.push(`${running} running`)
  if (failed > 0) parts.push(`${failed} failed`)
  if (rate !== undefined && rate > 0 && left > 0) {
    parts.push(`${rate < 10 ? rate.toFixed(1) : Math.round(rate)}/s`)
    parts.push(`${showDuration(left / rate)} to go`)
  }
  return parts.join(', ')
}

/** A bar of segments and the text behind it, within the width; one line without its break. */
export function progressBar(standing: Standing, rate: number | undefined, look: Look): string {
  const text = progressText(standing, rate)
  // The last column stays free: some terminals wrap when it is filled.
  const room = look.columns - 1 - widthOf(text) - 3
  if (room < 8) return text.slice(0, Math.max(0, look.columns - 1))
  const width = Math.min(room, 40)
  const bar = segments(standing, width, look).join('')
  return `[${bar}] ${text}`
}

function segments(standing: Standing, width: number, look: Look): string[] {
  const marks: readonly (readonly [number, string, string, Colour])[] = [
    [standing.done, '█', '#', 'green'],
    [standing.failed, '▒', 'x', 'red'],
    [standing.running, '▓', '>', 'yellow'],
  ]
  let before = 0
  let drawn = 0
  const bars = marks.map(([count, block, ascii, colour]) => {
    before += count
    // Rounded on the running sum, so that the segments never overflow the bar.
    const upTo = standing.total === 0 ? 0 : Math.floor((before * width) / standing.total)
    const length = upTo - drawn
    drawn = upTo
    return paint((look.isUnicode ? block : ascii).repeat(length), colour, look)
  })
  return [...bars, (look.isUnicode ? '·' : '.').repeat(width - drawn)]
}
