// Waits: who wants to hear how far a set of jobs has come. Counted from the transitions themselves,
// so that a wait costs nothing per look and ends in the very turn in which its last job ends.
import type { WaitProgress } from '../../protocol/calls.ts'
import type { JobId } from '../../protocol/job.ts'
import { limits } from '../../protocol/limits.ts'
import type { Clock, Timer } from '../../protocol/ports.ts'
import { isEndState, jobStates } from '../../protocol/states.ts'
import { toStateCounts } from './tallies.ts'

/**
 * Which jobs a watch counts: ranges of ids, or all of a workflow (also ones yet to come), or all.
 */
export type WatchScope =
  | { readonly ranges: readonly (readonly [first: JobId, last: JobId])[] }
  | { readonly workflow: string | null }

/** A watch that is running. */
export interface Watch {
  readonly scope: WatchScope
  /** Jobs by state number. */
  readonly counts: number[]
  onProgress(progress: WaitProgress): void
  isChanged: boolean
  /** False while the counts of jobs that ended earlier are still being read. */
  isComplete: boolean
  /** Jobs that have come into being while it was not complete, in order of their time. */
  readonly born: [first: JobId, last: JobId][]
  timer: Timer | null
}

/** A running watch in the hand of who started it. */
export interface WatchHandle {
  readonly stop: () => void
  /** Adds the counts of jobs that had ended before. */
  complete(counts: readonly number[]): void
  hasJobs(): boolean
  /** Jobs that have come into being since it began, and are counted. */
  born(): readonly (readonly [first: JobId, last: JobId])[]
}

/** The watches of a daemon. */
export class Watches {
  private readonly watches = new Set<Watch>()
  private readonly clock: Clock
  private readonly outlook: () => Pick<WaitProgress, 'launchers' | 'pending_allocations'>

  constructor(
    clock: Clock,
    outlook: () => Pick<WaitProgress, 'launchers' | 'pending_allocations'>,
  ) {
    this.clock = clock
    this.outlook = outlook
  }

  /** Starts a watch whose counts are right at this turn. */
  start(
    scope: WatchScope,
    counts: number[],
    onProgress: (progress: WaitProgress) => void,
    isComplete: boolean,
  ): WatchHandle {
    const watch: Watch = {
      scope,
      counts,
      onProgress,
      isChanged: true,
      isComplete,
      born: [],
      timer: null,
    }
    this.watches.add(watch)
    return {
      stop: () => {
        this.watches.delete(watch)
        watch.timer?.cancel()
      },
      complete: (ended) => {
        for (const [state, count] of ended.entries())
          watch.counts[state] = (watch.counts[state] ?? 0) + count
        watch.isComplete = true
        watch.isChanged = true
        this.afterTurn()
      },
      born: () => [...watch.born],
      hasJobs: () => watch.counts.some((count) => count > 0),
    }
  }

  /** Takes note of a transition of jobs first..last. `from` −1: they are new. */
  moved(workflow: string, first: JobId, last: JobId, from: number, to: number): void {
    for (const watch of this.watches) {
      const count = covered(watch.scope, workflow, first, last)
      if (count === 0) continue
      if (from >= 0) watch.counts[from] = (watch.counts[from] ?? 0) - count
      else if (!watch.isComplete) watch.born.push([first, last])
      watch.counts[to] = (watch.counts[to] ?? 0) + count
      watch.isChanged = true
    }
  }

  /** After a durable turn: tells the ends at once, the rest some times a second. */
  afterTurn(): void {
    for (const watch of this.watches) {
      if (!watch.isChanged || !watch.isComplete) continue
      if (isDone(watch)) this.tell(watch)
      else
        watch.timer ??= this.clock.after(1_000 / limits.progressPerSecondMax, () =>
          this.tell(watch),
        )
    }
  }

  private tell(watch: Watch): void {
    watch.timer?.cancel()
    watch.timer = null
    watch.isChanged = false
    const isOver = isDone(watch)
    if (isOver) this.watches.delete(watch)
    watch.onProgress({
      total: watch.counts.reduce((sum, count) => sum + count, 0),
      states: toStateCounts(watch.counts),
      is_done: isOver,
      ...this.outlook(),
    })
  }
}

function isDone(watch: Watch): boolean {
  return jobStates.every((state, number) => isEndState(state) || (watch.counts[number] ?? 0) === 0)
}

function covered(scope: WatchScope, workflow: string, first: JobId, last: JobId): number {
  if ('workflow' in scope) {
    return scope.workflow === null || scope.workflow === workflow ? last - first + 1 : 0
  }
  let count = 0
  for (const [low, high] of scope.ranges) {
    count += Math.max(0, Math.min(last, high) - Math.max(first, low) + 1)
  }
  return count
}
