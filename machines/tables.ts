// The compiled tables of the machines that exist by the million, and the way a job comes to rest.

import { type JobState, jobStates } from '../protocol/states.ts'
import type { AttemptContext, AttemptEffect, AttemptEvent, AttemptState } from './attempt.ts'
import { attemptMachine, attemptStates } from './attempt.ts'

export { attemptContext } from './attempt.ts'

import type { JobContext, JobEffect, JobEvent } from './job.ts'
import { jobMachine } from './job.ts'
import { compile } from './table/compile.ts'
import type { Table } from './table/table.ts'
import type { Transition } from './table/transition.ts'

/** The job machine; state numbers are those of protocol/states. */
export const jobTable: Table<JobState, JobEvent, JobContext, JobEffect> = compile(
  jobMachine,
  jobStates,
)

/** The attempt machine. Its context is empty: pass `attemptContext`. */
export const attemptTable: Table<AttemptState, AttemptEvent, AttemptContext, AttemptEffect> =
  compile(attemptMachine, attemptStates)

const advance: JobEvent = Object.freeze({ type: 'ADVANCE' })
const advanceNumber = jobTable.event('ADVANCE')

/** Told of each transition as it is taken, after the counters have changed. */
export type TransitionVisitor = (transition: Transition<JobEffect>, event: JobEvent) => void

/**
 * Advances a job until it rests, and tells `visit` of every transition on the way; the last may
 * stay in its state and only name what the state is for ('enqueue', 'stageIn' …). Returns the
 * state's number. Repeating it at rest names the same effects again: so a restart goes on.
 */
export function settle(state: number, context: JobContext, visit: TransitionVisitor): number {
  let at = state
  for (;;) {
    const transition = jobTable.step(at, advanceNumber, context, advance)
    if (transition === null) return at
    jobTable.apply(transition, context, advance)
    visit(transition, advance)
    if (!transition.isMove) return at
    at = transition.target
  }
}

/**
 * Delivers one event to a job and lets it come to rest. Returns the new state's number, which is
 * `state` when the event means nothing there (then `visit` has not been called).
 */
export function deliverToJob(
  state: number,
  eventNumber: number,
  event: JobEvent,
  context: JobContext,
  visit: TransitionVisitor,
): number {
  const transition = jobTable.step(state, eventNumber, context, event)
  if (transition === null) return state
  jobTable.apply(transition, context, event)
  visit(transition, event)
  return transition.isMove ? settle(transition.target, context, visit) : state
}
