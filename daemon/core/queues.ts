// Queues of ready jobs: one per shape, first in first out, served in the order of placement.
// A queue holds ranges (heads of spans) and single jobs that came back;
// it never looks at finished ones.
import type { JobId } from '../../protocol/job.ts'
import type { SpanShape } from '../store/rows.ts'
import type { OpenJob } from './open-job.ts'
import { shapeKey } from './shape.ts'
import type { Span, SpanTable } from './spans.ts'

/** Ready jobs of one shape. */
export interface Queue {
  readonly key: string
  readonly shape: SpanShape
  /** Order of making, to keep serving fair among equals. */
  readonly order: number
  /** Spans whose jobs are ready; entries before `spanHead` are used up. */
  spans: Span[]
  spanHead: number
  /** Single jobs that are ready; ones no longer queued are skipped. */
  jobs: OpenJob[]
  jobHead: number
  ready: number
  isListed: boolean
}

/**
 * What was taken from a queue: single jobs first (they have waited longest), then ids off spans.
 */
export interface Taken {
  readonly jobs: readonly OpenJob[]
  readonly ranges: readonly { readonly span: Span; readonly first: JobId; readonly count: number }[]
}

/** All queues of a site. */
export class QueueTable {
  private readonly byKey = new Map<string, Queue>()
  private listed: Queue[] = []
  private made = 0

  /** The queue of a shape, made when it is new. */
  of(shape: SpanShape): Queue {
    const key = shapeKey(shape)
    const known = this.byKey.get(key)
    if (known !== undefined) return known
    this.made += 1
    const queue: Queue = {
      key,
      shape,
      order: this.made,
      spans: [],
      spanHead: 0,
      jobs: [],
      jobHead: 0,
      ready: 0,
      isListed: false,
    }
    this.byKey.set(key, queue)
    return queue
  }

  /**
   * A span whose jobs are ready joins its queue; `after` keeps the rest of a cut span in its place.
   */
  addSpan(span: Span, after: Span | null): void {
    const { queue } = span
    const place = after === null ? -1 : queue.spans.indexOf(after, queue.spanHead)
    if (place === -1) queue.spans.push(span)
    else queue.spans.splice(place + 1, 0, span)
    if (after === null) queue.ready += span.hi - span.lo + 1
    this.list(queue)
  }

  /** A job is ready (again). */
  addJob(job: OpenJob): void {
    job.isQueued = true
    job.queue.jobs.push(job)
    job.queue.ready += 1
    this.list(job.queue)
  }

  /** A single job is no longer ready. */
  removeJob(job: OpenJob): void {
    if (!job.isQueued) return
    job.isQueued = false
    job.queue.ready -= 1
  }

  /** Queues with ready jobs, in the order in which they are to be served. */
  serving(): readonly Queue[] {
    if (this.listed.some((queue) => queue.ready === 0)) {
      for (const queue of this.listed) if (queue.ready === 0) this.unlist(queue)
      this.listed = this.listed.filter((queue) => queue.isListed)
    }
    return this.listed
  }

  /** Takes up to `count` jobs from a queue's front. */
  take(queue: Queue, count: number, spans: SpanTable): Taken {
    const jobs: OpenJob[] = []
    const ranges: { span: Span; first: JobId; count: number }[] = []
    let wanted = count
    while (wanted > 0 && queue.jobHead < queue.jobs.length) {
      const job = queue.jobs[queue.jobHead]
      queue.jobHead += 1
      if (job === undefined || !job.isQueued) continue
      job.isQueued = false
      jobs.push(job)
      wanted -= 1
    }
    while (wanted > 0 && queue.spanHead < queue.spans.length) {
      const span = queue.spans[queue.spanHead]
      if (span === undefined) break
      const some = Math.min(wanted, span.hi - span.lo + 1)
      if (some > 0) ranges.push({ span, first: spans.takeHead(span, some), count: some })
      wanted -= some
      if (span.lo > span.hi) queue.spanHead += 1
    }
    queue.ready -= count - wanted
    trim(queue)
    return { jobs, ranges }
  }

  private list(queue: Queue): void {
    if (queue.isListed) return
    queue.isListed = true
    if (this.byKey.get(queue.key) === undefined) this.byKey.set(queue.key, queue)
    let low = 0
    let high = this.listed.length
    while (low < high) {
      const middle = (low + high) >> 1
      const other = this.listed[middle]
      if (other !== undefined && isServedBefore(queue, other)) high = middle
      else low = middle + 1
    }
    this.listed.splice(low, 0, queue)
  }

  private unlist(queue: Queue): void {
    queue.isListed = false
    queue.jobs = []
    queue.jobHead = 0
    queue.spans = []
    queue.spanHead = 0
    this.byKey.delete(queue.key)
  }
}

/**
 * Drops what was taken, now and then, so that a queue doesn't
 * grow with the jobs that passed through it.
 */
function trim(queue: Queue): void {
  if (queue.jobHead > 1_000 && queue.jobHead * 2 > queue.jobs.length) {
    queue.jobs = queue.jobs.slice(queue.jobHead)
    queue.jobHead = 0
  }
  if (queue.spanHead > 1_000 && queue.spanHead * 2 > queue.spans.length) {
    queue.spans = queue.spans.slice(queue.spanHead)
    queue.spanHead = 0
  }
}

/** Priority first, then the largest part of a node, then the longest, then who came first. */
function isServedBefore(one: Queue, other: Queue): boolean {
  const size = (queue: Queue): number => queue.shape.cpus ?? 1e6 / queue.shape.packing
  return (
    (one.shape.priority - other.shape.priority ||
      size(one) - size(other) ||
      one.shape.wallMinutes - other.shape.wallMinutes ||
      other.order - one.order) > 0
  )
}
