// What XState itself says follows, in the shape in which the table's answer is compared with it.
import { transition } from 'xstate'
import {
  type AttemptEvent,
  type AttemptState,
  attemptContext,
  attemptMachine,
} from '../../../machines/attempt.ts'
import { type JobContext, type JobEvent, jobMachine } from '../../../machines/job.ts'
import type { Table } from '../../../machines/table/table.ts'
import type { JobState } from '../../../protocol/states.ts'

/** All that can be seen of a step. */
export interface Outcome<State extends string = string> {
  readonly state: State
  readonly context: object
  readonly effects: readonly string[]
}

/** XState's transition() of a job machine. */
export function jobByXState(
  state: JobState,
  context: JobContext,
  event: JobEvent,
  machine: typeof jobMachine = jobMachine,
): Outcome {
  const [next, actions] = transition(
    machine,
    machine.resolveState({ value: state, context }),
    event,
  )
  return {
    state: next.value,
    context: next.context,
    effects: actions.map((action) => action.type),
  }
}

/** XState's transition() of the attempt machine. */
export function attemptByXState(state: AttemptState, event: AttemptEvent): Outcome {
  const before = attemptMachine.resolveState({ value: state, context: attemptContext })
  const [next, actions] = transition(attemptMachine, before, event)
  return {
    state: next.value,
    context: next.context,
    effects: actions.map((action) => action.type),
  }
}

/** The table's step. Changes the context in place, as the daemon does. */
export function byTable<
  State extends string,
  Event extends { readonly type: string },
  Context extends object,
>(
  table: Table<State, Event, Context>,
  state: State,
  context: Context,
  event: Event,
): Outcome<State> {
  const found = table.step(table.state(state), table.event(event.type), context, event)
  if (found === null) return { state, context, effects: [] }
  table.apply(found, context, event)
  return { state: table.states[found.target] ?? state, context, effects: found.effects }
}
