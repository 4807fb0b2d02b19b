// Spans: ranges of neighbouring jobs to which the same things happened, so that 10^6 queued jobs
// cost one object. A job leaves its span when something happens to it alone.
import type { JobId } from '../../protocol/job.ts'
import type { SpanRow } from '../store/rows.ts'
import type { Queue } from './queues.ts'

/** A span in memory. lo > hi means that nothing is left of it. */
export interface Span {
  lo: JobId
  hi: JobId
  /** `lo` of its array's spec; null when each job has its own. */
  readonly spec: JobId | null
  readonly state: number
  readonly log: string
  /** Shape shared by its jobs, and the queue they wait in when they are runnable. */
  readonly queue: Queue
  /** Under which `lo` the store knows it; null when it doesn't yet. */
  storedLo: JobId | null
}

/** All spans of a site, ordered by id. */
export class SpanTable {
  /** Ordered by lo; empty spans stay until a sweep, so that taking from a head costs nothing. */
  private spans: Span[] = []
  private empty = 0
  private readonly changed = new Set<Span>()

  /** Puts a span in its place; it may not overlap another. */
  add(span: Span): void {
    const last = this.spans.at(-1)
    if (last === undefined || last.lo < span.lo) this.spans.push(span)
    else this.spans.splice(this.indexAfter(span.lo), 0, span)
    if (span.storedLo === null) this.changed.add(span)
  }

  /** The span that holds this job, or null. */
  find(id: JobId): Span | null {
    for (let index = this.indexAfter(id) - 1; index >= 0; index -= 1) {
      const span = this.spans[index]
      if (span === undefined) return null
      if (span.lo > span.hi) continue
      return span.lo <= id && id <= span.hi ? span : null
    }
    return null
  }

  /** Takes the first `count` jobs off a span; returns the first id taken. */
  takeHead(span: Span, count: number): JobId {
    const first = span.lo
    span.lo += count
    this.touch(span)
    return first
  }

  /** Cuts first..last out of a span. What stays behind them becomes a span of its own, returned. */
  cut(span: Span, first: JobId, last: JobId): Span | null {
    const { hi } = span
    if (first === span.lo) {
      span.lo = last + 1
      this.touch(span)
      return null
    }
    span.hi = first - 1
    this.touch(span)
    if (last === hi) return null
    const rest: Span = { ...span, lo: last + 1, hi, storedLo: null }
    this.add(rest)
    return rest
  }

  /** The parts of first..last that lie in spans. */
  overlapping(first: JobId, last: JobId): { span: Span; first: JobId; last: JobId }[] {
    const found: { span: Span; first: JobId; last: JobId }[] = []
    let index = this.indexAfter(first) - 1
    while (index > 0 && isEmpty(this.spans[index])) index -= 1
    for (index = Math.max(0, index); index < this.spans.length; index += 1) {
      const span = this.spans[index]
      if (span === undefined || span.lo > last) break
      if (isEmpty(span) || span.hi < first) continue
      found.push({ span, first: Math.max(first, span.lo), last: Math.min(last, span.hi) })
    }
    return found
  }

  /** Every span that holds a job, in order of id. */
  *all(): IterableIterator<Span> {
    for (const span of this.spans) if (!isEmpty(span)) yield span
  }

  /** What changed since the last call, as the store wants it. */
  takeChanges(): { removed: JobId[]; rows: SpanRow[] } {
    const removed: JobId[] = []
    const rows: SpanRow[] = []
    for (const span of this.changed) {
      if (span.storedLo !== null) removed.push(span.storedLo)
      span.storedLo = isEmpty(span) ? null : span.lo
      if (!isEmpty(span)) rows.push(rowOf(span))
    }
    this.changed.clear()
    this.sweep()
    return { removed, rows }
  }

  private touch(span: Span): void {
    this.changed.add(span)
    if (isEmpty(span)) this.empty += 1
  }

  private sweep(): void {
    if (this.empty * 2 <= this.spans.length) return
    this.spans = this.spans.filter((span) => !isEmpty(span))
    this.empty = 0
  }

  /** Index of the first span whose lo is greater than id. */
  private indexAfter(id: JobId): number {
    let low = 0
    let high = this.spans.length
    while (low < high) {
      const middle = (low + high) >> 1
      const span = this.spans[middle]
      if (span !== undefined && span.lo <= id) low = middle + 1
      else high = middle
    }
    return low
  }
}

function isEmpty(span: Span | undefined): boolean {
  return span === undefined || span.lo > span.hi
}

function rowOf(span: Span): SpanRow {
  return {
    ...span.queue.shape,
    lo: span.lo,
    hi: span.hi,
    spec: span.spec,
    state: span.state,
    log: span.log,
  }
}
