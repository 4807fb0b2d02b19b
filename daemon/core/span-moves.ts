// An event for neighbouring jobs of a span at once: they stay together, whatever their number.
// Jobs that something happened to alone are moved by steps.ts.
import type { JobId } from '../../protocol/job.ts'
import { queueOf } from './mix.ts'
import type { Sink, Site } from './site.ts'
import type { Span } from './spans.ts'
import { type PlainJobEvent, stateAfter } from './steps.ts'
import { joinQueue, leaveQueue } from './waiting.ts'

/** Jobs first..last of a span. */
export interface SpanPart {
  readonly span: Span
  readonly first: JobId
  readonly last: JobId
}

/** Takes jobs first..last out of their span and its queue. */
export function cutOut(site: Site, span: Span, first: JobId, last: JobId): void {
  leaveQueue(site, span, first, last, site.spans.cut(span, first, last))
}

/** Delivers an event to a part of a span; `args` is JSON text for the history, may be ''. */
export function movePart(
  site: Site,
  at: number,
  part: SpanPart,
  type: PlainJobEvent,
  args: string,
  sink: Sink,
): void {
  const { span } = part
  cutOut(site, span, part.first, part.last)
  const record = args === '' ? `[${at},"${type}"]` : `[${at},"${type}",${args}]`
  const log = `${span.log.slice(0, -1)},${record}]`
  const { workflow } = span.queue.shape
  for (const { first, last, state, queue } of runsOf(part, type)) {
    const mix = queue === null ? span.mix : null
    const parts = { lo: first, hi: last, state, log, mix, storedLo: null }
    const moved: Span = { ...span, ...parts, queue: queue ?? span.queue }
    site.spans.add(moved)
    site.tallies.add(workflow, span.state, first - last - 1)
    site.tallies.add(workflow, state, last - first + 1)
    joinQueue(site, moved)
    sink.moved(workflow, first, last, span.state, state)
    site.dag.moved(first, last, span.state, state)
  }
}

/** Neighbours that come to rest in the same state. */
interface Run {
  readonly first: JobId
  last: JobId
  readonly state: number
  /** Their queue; null: they have several, as their span had. */
  readonly queue: Span['queue'] | null
}

/**
 * A few jobs out of a mix of many shapes are told apart by shape, too: a span with the whole mix
 * would be looked at in each of its queues.
 */
function runsOf({ span, first, last }: SpanPart, type: PlainJobEvent): readonly Run[] {
  const { mix } = span
  if (mix === null) {
    return [{ first, last, state: stateAfter(span.state, type, span.queue), queue: span.queue }]
  }
  const isSmall = last - first < mix.queues.length
  const states = new Map<Span['queue'], number>()
  const runs: Run[] = []
  for (let id = first; id <= last; id += 1) {
    const queue = queueOf(span, id)
    let state = states.get(queue)
    if (state === undefined) {
      state = stateAfter(span.state, type, queue)
      states.set(queue, state)
    }
    const run = runs.at(-1)
    const isAlike = run?.state === state && (!isSmall || run.queue === queue)
    if (run !== undefined && isAlike) run.last = id
    else runs.push({ first: id, last: id, state, queue: isSmall ? queue : null })
  }
  return runs
}
