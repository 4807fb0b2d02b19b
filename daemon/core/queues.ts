// Queues of ready jobs: one per shape, first in first out, served in the order of placement.
// A queue holds ranges (heads of spans), its shares of mixed spans, and single jobs that came back;
// it never looks at finished ones.
import type { JobId } from '../../protocol/job.ts'
import type { SpanShape } from '../store/rows.ts'
import { type Mix, memberOf, queueOf } from './mix.ts'
import type { OpenJob } from './open-job.ts'
import { shapeKey } from './shape.ts'
import type { Span, SpanTable } from './spans.ts'

/** Ready jobs of one shape. */
export interface Queue {
  readonly key: string
  readonly shape: SpanShape
  /** Order of making, to keep serving fair among equals. */
  readonly order: number
  /** Where its ready jobs lie in spans; entries before `spanHead` are used up. */
  spans: (Span | Share)[]
  spanHead: number
  /** Single jobs that are ready; ones no longer queued are skipped. */
  jobs: OpenJob[]
  jobHead: number
  ready: number
  isListed: boolean
}

/** The jobs of a mixed span that wait in one queue; lo > hi: all were looked at. */
export interface Share {
  /** The next job to look at. */
  lo: JobId
  readonly hi: JobId
  readonly mix: Mix
  readonly member: string
  /** State of the span when its jobs were ready; what has another one is not. */
  readonly state: number
}

/**
 * What was taken from a queue: single jobs first (they have waited longest), then ids off spans.
 */
export interface Taken {
  readonly jobs: readonly OpenJob[]
  readonly ranges: readonly Range[]
}

interface Range {
  readonly span: Span
  readonly first: JobId
  readonly count: number
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
    const { queue, mix } = span
    if (mix !== null) {
      // The shares of a mix find what lies behind a cut by themselves.
      if (after === null) this.addShares(span, mix)
      return
    }
    const place = after === null ? -1 : queue.spans.indexOf(after, queue.spanHead)
    if (place === -1) queue.spans.push(span)
    else queue.spans.splice(place + 1, 0, span)
    if (after === null) queue.ready += span.hi - span.lo + 1
    this.list(queue)
  }

  /** Ready jobs first..last were cut out of a span; `rest` is what lies behind them. */
  leave(span: Span, first: JobId, last: JobId, rest: Span | null): void {
    if (span.mix === null) span.queue.ready -= last - first + 1
    else for (let id = first; id <= last; id += 1) queueOf(span, id).ready -= 1
    if (rest !== null) this.addSpan(rest, span)
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
    const ranges: Range[] = []
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
      const next = queue.spans[queue.spanHead]
      if (next === undefined) break
      const range = 'member' in next ? nextOf(next, wanted, spans) : headOf(next, wanted, spans)
      if (range !== null) {
        ranges.push(range)
        wanted -= range.count
      }
      if (next.lo > next.hi) queue.spanHead += 1
    }
    queue.ready -= count - wanted
    trim(queue)
    return { jobs, ranges }
  }

  private addShares(span: Span, mix: Mix): void {
    const { lo, hi, state } = span
    for (let id = lo; id <= hi; id += 1) queueOf(span, id).ready += 1
    for (const [index, queue] of mix.queues.entries()) {
      if (queue.ready === 0) continue
      queue.spans.push({ lo, hi, mix, member: memberOf(index), state })
      this.list(queue)
    }
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

/** Takes the head of a span. */
function headOf(span: Span, wanted: number, spans: SpanTable): Range | null {
  const count = Math.min(wanted, span.hi - span.lo + 1)
  return count > 0 ? { span, first: spans.takeHead(span, count), count } : null
}

/** Takes the next neighbours of a share that still lie in a span; null when there are none. */
function nextOf(share: Share, wanted: number, spans: SpanTable): Range | null {
  const { mix, member, state } = share
  while (share.lo <= share.hi) {
    const at = mix.members.indexOf(member, share.lo - mix.lo)
    const first = at < 0 ? share.hi + 1 : mix.lo + at
    share.lo = first + 1
    const span = first > share.hi ? null : spans.find(first)
    if (span?.mix !== mix || span.state !== state) continue
    let last = first
    while (last < span.hi && last - first + 1 < wanted && mix.members[last + 1 - mix.lo] === member)
      last += 1
    spans.cut(span, first, last)
    share.lo = last + 1
    return { span, first, count: last - first + 1 }
  }
  return null
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
