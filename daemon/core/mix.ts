// Mixed spans: neighbouring jobs that differ only in how they are placed share one span, and a
// character each says which queue a job waits in. So 10^6 jobs of any shapes cost a text of 10^6
// characters. Must never change: what is cut off a span keeps the whole mix.
import type { JobId } from '../../protocol/job.ts'
import { memberBase, type ShapeMix, type SpanShape } from '../store/rows.ts'
import type { Queue, QueueTable } from './queues.ts'
import type { Span } from './spans.ts'

/** The queues of jobs `lo` and on. */
export interface Mix {
  readonly lo: JobId
  readonly queues: readonly Queue[]
  /** As in ShapeMix. */
  readonly members: string
}

/** The mix of a span that begins at `lo`; null when its jobs are all alike. */
export function mixOf(queues: QueueTable, lo: JobId, stored: ShapeMix | undefined): Mix | null {
  if (stored === undefined) return null
  return { lo, queues: stored.shapes.map((shape) => queues.of(shape)), members: stored.members }
}

/** The character of the queue at this place. */
export function memberOf(index: number): string {
  return String.fromCharCode(memberBase + index)
}

/** The queue in which a job of a span waits, when it waits in one. */
export function queueOf(span: Span, id: JobId): Queue {
  const { mix } = span
  if (mix === null) return span.queue
  return mix.queues[mix.members.charCodeAt(id - mix.lo) - memberBase] ?? span.queue
}

/** The shapes of jobs lo..hi as the store wants them: what stands for jobs that left is gone. */
export function shapesOf(span: Span): { readonly shape: SpanShape; readonly mix?: ShapeMix } {
  const { mix, lo, hi } = span
  if (mix === null) return { shape: span.queue.shape }
  const queues = new Map<Queue, string>()
  let members = ''
  for (let id = lo; id <= hi; id += 1) {
    const queue = queueOf(span, id)
    let member = queues.get(queue)
    if (member === undefined) {
      member = memberOf(queues.size)
      queues.set(queue, member)
    }
    members += member
  }
  const shapes = [...queues.keys()].map(({ shape }) => shape)
  const shape = queueOf(span, lo).shape
  return shapes.length === 1 ? { shape } : { shape, mix: { shapes, members } }
}
