// Where jobs of a span wait, if they wait for anything that a queue gives: a run, or a step.
import type { JobId } from '../../protocol/job.ts'
import { waitsForStep } from './job-steps.ts'
import type { Site } from './site.ts'
import type { Span } from './spans.ts'
import { isRunnable } from './steps.ts'

/** A new span joins the queue that its state is for. */
export function joinQueue(site: Site, span: Span): void {
  if (isRunnable(span.state)) site.queues.addSpan(span, null)
  else if (waitsForStep(span.state)) site.steps.addSpan(span, null)
}

/** Jobs first..last were cut out of a span; `rest` is what lies behind them. */
export function leaveQueue(
  site: Site,
  span: Span,
  first: JobId,
  last: JobId,
  rest: Span | null,
): void {
  if (isRunnable(span.state)) site.queues.leave(span, first, last, rest)
  else if (waitsForStep(span.state)) site.steps.leave(span, first, last, rest)
}
