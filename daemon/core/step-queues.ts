// Queues of jobs that wait for a step (a hook or a transfer): one for each workflow and priority,
// first in first out. Steps take slots, not cores, so what a job takes of a node is of no matter.
import type { JobId } from '../../protocol/job.ts'
import type { OpenJob } from './open-job.ts'
import type { Span, SpanTable } from './spans.ts'

/** Jobs of one workflow and priority that wait for a step. */
export interface StepQueue {
  readonly workflow: string
  readonly priority: number
  /** Spans and single jobs, in the order in which they came; those before `head` are used up. */
  entries: (Span | OpenJob)[]
  head: number
  /** Jobs that wait. */
  waiting: number
}

/** What was taken from a queue. */
export interface TakenSteps {
  readonly jobs: OpenJob[]
  readonly ranges: { readonly span: Span; readonly first: JobId; readonly count: number }[]
}

/** All step queues of a site. */
export class StepQueues {
  private readonly byKey = new Map<string, StepQueue>()

  /** A span whose jobs wait; `after` keeps the rest of a cut span in its place. */
  addSpan(span: Span, after: Span | null): void {
    const queue = this.of(span)
    const place = after === null ? -1 : queue.entries.indexOf(after, queue.head)
    if (place === -1) queue.entries.push(span)
    else queue.entries.splice(place + 1, 0, span)
    if (after === null) queue.waiting += span.hi - span.lo + 1
  }

  /** Jobs first..last that waited were cut out of a span; `rest` is what lies behind them. */
  leave(span: Span, first: JobId, last: JobId, rest: Span | null): void {
    this.of(span).waiting -= last - first + 1
    if (rest !== null) this.addSpan(rest, span)
  }

  /** A job waits. */
  addJob(job: OpenJob): void {
    const queue = this.of(job)
    job.isStepQueued = true
    queue.entries.push(job)
    queue.waiting += 1
  }

  /** A single job waits no longer. */
  removeJob(job: OpenJob): void {
    if (!job.isStepQueued) return
    job.isStepQueued = false
    this.of(job).waiting -= 1
  }

  /** Queues in which jobs wait, the most urgent first. */
  serving(): readonly StepQueue[] {
    if (this.byKey.size === 0) return noQueues
    for (const [key, queue] of this.byKey) if (queue.waiting === 0) this.byKey.delete(key)
    return [...this.byKey.values()].toSorted((one, other) => other.priority - one.priority)
  }

  /** Takes up to `count` jobs from a queue's front. */
  take(queue: StepQueue, count: number, spans: SpanTable): TakenSteps {
    const taken: TakenSteps = { jobs: [], ranges: [] }
    let wanted = count
    while (wanted > 0 && queue.head < queue.entries.length) {
      const next = queue.entries[queue.head]
      if (next === undefined) break
      if ('hi' in next) {
        const some = Math.min(wanted, next.hi - next.lo + 1)
        if (some > 0) {
          taken.ranges.push({ span: next, first: spans.takeHead(next, some), count: some })
          wanted -= some
        }
        if (next.lo > next.hi) queue.head += 1
      } else {
        queue.head += 1
        if (!next.isStepQueued) continue
        next.isStepQueued = false
        taken.jobs.push(next)
        wanted -= 1
      }
    }
    queue.waiting -= count - wanted
    if (queue.head > 1_000 && queue.head * 2 > queue.entries.length) {
      queue.entries = queue.entries.slice(queue.head)
      queue.head = 0
    }
    return taken
  }

  private of({ queue: { shape } }: Span | OpenJob): StepQueue {
    const { workflow, priority } = shape
    const key = `${priority} ${workflow}`
    const known = this.byKey.get(key)
    if (known !== undefined) return known
    const queue = { workflow, priority, entries: [], head: 0, waiting: 0 }
    this.byKey.set(key, queue)
    return queue
  }
}

const noQueues: readonly StepQueue[] = []
