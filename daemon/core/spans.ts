// Spans: ranges of neighbouring jobs to which the same things happened, so that 10^6 queued jobs
// cost some objects. A job leaves its span when something happens to it alone.
import type { JobId } from '../../protocol/job.ts'
import type { SpanRow } from '../store/rows.ts'
import { type Mix, shapesOf } from './mix.ts'
import type { Queue } from './queues.ts'

/** A span in memory. lo > hi means that nothing is left of it. */
export interface Span {
  lo: JobId
  hi: JobId
  /** `lo` of its array's spec; null when each job has its own. */
  readonly spec: JobId | null
  readonly state: number
  readonly log: string
  /** The queue its jobs wait in when they are runnable; with a mix, one of them. */
  readonly queue: Queue
  /** null: all its jobs have one shape. Shared with whatever was cut off. */
  readonly mix: Mix | null
  /** Under which `lo` the store knows it; null when it doesn't yet. */
  storedLo: JobId | null
}

/** Spans of a bucket: taking from the middle of a million spans must not move half of them. */
const bucketSpansMax = 512

/** All spans of a site, ordered by id. */
export class SpanTable {
  /** Ordered by lo; neither a bucket nor a span in it is empty. */
  private readonly buckets: Span[][] = []
  private readonly changed = new Set<Span>()

  /** Puts a span in its place; it may not overlap another. */
  add(span: Span): void {
    if (span.storedLo === null) this.changed.add(span)
    const index = this.bucketOf(span.lo)
    const bucket = this.buckets[index]
    if (bucket === undefined) {
      this.buckets.push([span])
      return
    }
    bucket.splice(indexAfter(bucket, span.lo), 0, span)
    if (bucket.length <= bucketSpansMax) return
    // New spans come last: the bucket before stays full.
    const isLast = bucket.at(-1) === span
    this.buckets.splice(index + 1, 0, bucket.splice(isLast ? -1 : bucketSpansMax / 2))
  }

  /** The span that holds this job, or null. */
  find(id: JobId): Span | null {
    const bucket = this.buckets[this.bucketOf(id)]
    const span = bucket?.[indexAfter(bucket, id) - 1]
    return span !== undefined && id <= span.hi ? span : null
  }

  /** Takes the first `count` jobs off a span; returns the first id taken. */
  takeHead(span: Span, count: number): JobId {
    const first = span.lo
    this.cut(span, first, first + count - 1)
    return first
  }

  /** Cuts first..last out of a span. What stays behind them becomes a span of its own, returned. */
  cut(span: Span, first: JobId, last: JobId): Span | null {
    const { hi } = span
    this.changed.add(span)
    if (first === span.lo) {
      if (last === hi) this.remove(span)
      span.lo = last + 1
      return null
    }
    span.hi = first - 1
    if (last === hi) return null
    const rest: Span = { ...span, lo: last + 1, hi, storedLo: null }
    this.add(rest)
    return rest
  }

  /** The parts of first..last that lie in spans. */
  overlapping(first: JobId, last: JobId): { span: Span; first: JobId; last: JobId }[] {
    const found: { span: Span; first: JobId; last: JobId }[] = []
    let at = this.bucketOf(first)
    const head = this.buckets[at]
    let index = head === undefined ? 0 : Math.max(0, indexAfter(head, first) - 1)
    for (; at < this.buckets.length; at += 1, index = 0) {
      for (const span of this.buckets[at]?.slice(index) ?? []) {
        if (span.lo > last) return found
        if (span.hi < first) continue
        found.push({ span, first: Math.max(first, span.lo), last: Math.min(last, span.hi) })
      }
    }
    return found
  }

  /** Every span, in order of id. */
  *all(): IterableIterator<Span> {
    for (const bucket of this.buckets) yield* bucket
  }

  /** What changed since the last call, as the store wants it. */
  takeChanges(): { removed: JobId[]; rows: SpanRow[] } {
    const removed: JobId[] = []
    const rows: SpanRow[] = []
    for (const span of this.changed) {
      if (span.storedLo !== null) removed.push(span.storedLo)
      const isEmpty = span.lo > span.hi
      span.storedLo = isEmpty ? null : span.lo
      if (!isEmpty) rows.push(rowOf(span))
    }
    this.changed.clear()
    return { removed, rows }
  }

  private remove(span: Span): void {
    const index = this.bucketOf(span.lo)
    const bucket = this.buckets[index]
    if (bucket === undefined) return
    bucket.splice(indexAfter(bucket, span.lo) - 1, 1)
    if (bucket.length === 0) this.buckets.splice(index, 1)
  }

  /** The last bucket that begins at or before this id; else the first. */
  private bucketOf(id: JobId): number {
    let low = 1
    let high = this.buckets.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.buckets[middle]?.[0]?.lo ?? 0) <= id) low = middle + 1
      else high = middle
    }
    return low - 1
  }
}

/** Index of the first span of a bucket whose lo is greater than id. */
function indexAfter(bucket: readonly Span[], id: JobId): number {
  let low = 0
  let high = bucket.length
  while (low < high) {
    const middle = (low + high) >> 1
    const span = bucket[middle]
    if (span !== undefined && span.lo <= id) low = middle + 1
    else high = middle
  }
  return low
}

function rowOf(span: Span): SpanRow {
  const { shape, ...mix } = shapesOf(span)
  const { lo, hi, spec, state, log } = span
  return { ...shape, lo, hi, spec, state, log, ...mix }
}
