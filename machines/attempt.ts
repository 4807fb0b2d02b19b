// The attempt's statechart: one lease of a job, from the assignment to its outcome.
// Pure. Its effects are the names of the job events that follow, in order, and 'killTask'.
import { setup } from 'xstate'

/** States of an attempt in the order of their numbers; all but the first three are outcomes. */
export const attemptStates = [
  'leased',
  'running',
  'killing',
  'succeeded',
  'failed',
  'timed_out',
  'killed',
  'lost',
  'withdrawn',
] as const

/** A state of an attempt. */
export type AttemptState = (typeof attemptStates)[number]

/** What can happen to an attempt. */
export type AttemptEvent =
  /** The launcher says that the task runs, or an exit says that it did. */
  | { readonly type: 'STARTED' }
  /** The task ended by itself or by the kill, or could not be started (not a success). */
  | { readonly type: 'EXITED'; readonly isSuccess: boolean }
  /** Nobody wants its result any more. */
  | { readonly type: 'KILL' }
  /** The task is known to be dead and its exit is not known. */
  | { readonly type: 'LOST' }
  /** It has not started and never will under its token. */
  | { readonly type: 'WITHDRAWN' }
  /** The allocation's time was over or its launcher was stopped: the task was ended for that. */
  | { readonly type: 'TIMED_OUT' }

/** Job events to deliver, in this order; killTask: send the launcher a kill for this token. */
export type AttemptEffect =
  | 'ATTEMPT_STARTED'
  | 'ATTEMPT_SUCCEEDED'
  | 'ATTEMPT_FAILED'
  | 'ATTEMPT_TIMED_OUT'
  | 'ATTEMPT_LOST'
  | 'ATTEMPT_KILLED'
  | 'WITHDRAWN'
  | 'killTask'

/** An attempt has no counters. */
export type AttemptContext = Readonly<Record<string, never>>
/** The context of every attempt. */
export const attemptContext: AttemptContext = Object.freeze({})

const effect = (): void => undefined

/** The machine of one attempt. Outcomes are ordinary states that ignore whatever comes late. */
export const attemptMachine = setup({
  types: { context: attemptContext, events: {} as AttemptEvent },
  guards: {
    isSuccess: ({ event }) => event.type === 'EXITED' && event.isSuccess,
  },
  actions: {
    ATTEMPT_STARTED: effect,
    ATTEMPT_SUCCEEDED: effect,
    ATTEMPT_FAILED: effect,
    ATTEMPT_TIMED_OUT: effect,
    ATTEMPT_LOST: effect,
    ATTEMPT_KILLED: effect,
    WITHDRAWN: effect,
    killTask: effect,
  },
}).createMachine({
  id: 'attempt',
  context: attemptContext,
  initial: 'leased',
  states: {
    leased: {
      on: {
        STARTED: { target: 'running', actions: 'ATTEMPT_STARTED' },
        // Short tasks are heard of by their exit only; what could not be started has been tried.
        EXITED: [
          {
            guard: 'isSuccess',
            target: 'succeeded',
            actions: ['ATTEMPT_STARTED', 'ATTEMPT_SUCCEEDED'],
          },
          { target: 'failed', actions: ['ATTEMPT_STARTED', 'ATTEMPT_FAILED'] },
        ],
        KILL: { target: 'killing', actions: 'killTask' },
        LOST: { target: 'lost', actions: 'ATTEMPT_LOST' },
        WITHDRAWN: { target: 'withdrawn', actions: 'WITHDRAWN' },
        TIMED_OUT: { target: 'withdrawn', actions: 'WITHDRAWN' },
      },
    },
    running: {
      on: {
        EXITED: [
          { guard: 'isSuccess', target: 'succeeded', actions: 'ATTEMPT_SUCCEEDED' },
          { target: 'failed', actions: 'ATTEMPT_FAILED' },
        ],
        KILL: { target: 'killing', actions: 'killTask' },
        LOST: { target: 'lost', actions: 'ATTEMPT_LOST' },
        // It was reported as started, so it did not come back unstarted: its end is unknown.
        WITHDRAWN: { target: 'lost', actions: 'ATTEMPT_LOST' },
        TIMED_OUT: { target: 'timed_out', actions: 'ATTEMPT_TIMED_OUT' },
      },
    },
    // After a kill was asked every exit means killed, whatever its code: the result is unwanted.
    killing: {
      on: {
        EXITED: { target: 'killed', actions: 'ATTEMPT_KILLED' },
        TIMED_OUT: { target: 'killed', actions: 'ATTEMPT_KILLED' },
        LOST: { target: 'lost', actions: 'ATTEMPT_LOST' },
        WITHDRAWN: { target: 'withdrawn', actions: 'WITHDRAWN' },
        // The frame with the first kill may have been lost with its link.
        KILL: { actions: 'killTask' },
      },
    },
    succeeded: {},
    failed: {},
    timed_out: {},
    killed: {},
    lost: {},
    withdrawn: {},
  },
})
