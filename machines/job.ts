// The job's statechart: Balsam 0.3's fourteen states and every way from one to another.
// Pure: no I/O, no clock, no timers. Actions are names of effects; whoever steps the machine acts.
import { assign, setup } from 'xstate'
import type { JobState } from '../protocol/states.ts'
import { jobStates } from '../protocol/states.ts'

/** What a job's spec says about its way; never changes and is shared by all jobs of a spec. */
export interface JobFacts {
  readonly hasStageIn: boolean
  readonly hasPreprocess: boolean
  readonly hasPostprocess: boolean
  readonly hasStageOut: boolean
  /** post_error_handler: the postprocess script is to handle a failed attempt. */
  readonly handlesError: boolean
  /** post_timeout_handler: the postprocess script is to handle an attempt whose time was over. */
  readonly handlesTimeout: boolean
  /** auto_timeout_retry: without a handler a timed-out job runs again. */
  readonly retriesTimeout: boolean
  /** How many failed attempts are followed by another one without being asked. */
  readonly maxRetries: number
}

/** A job's counters. The table stepper changes them in place. */
export interface JobContext {
  /** Leases given, less those that are known never to have run. */
  attempts: number
  /** Failed attempts since the submission or the last RETRY; they count against maxRetries. */
  failures: number
  readonly facts: JobFacts
}

/** Events without arguments. */
export const plainJobEvents = [
  'ADMITTED',
  /** It is to wait for parents: new with them, or they were added before it started. */
  'PARENTS_ADDED',
  'PARENTS_FINISHED',
  'PARENT_FAILED',
  /** The job has come to rest in a state: do what the state is for. Repeated after a restart. */
  'ADVANCE',
  'STAGE_IN_DONE',
  'STAGE_IN_FAILED',
  'PREPROCESS_DONE',
  'PREPROCESS_FAILED',
  'POSTPROCESS_DONE',
  'POSTPROCESS_FAILED',
  'HANDLER_FAILED',
  'STAGE_OUT_DONE',
  'STAGE_OUT_FAILED',
  'LEASED',
  'WITHDRAWN',
  'ATTEMPT_STARTED',
  'ATTEMPT_SUCCEEDED',
  'ATTEMPT_FAILED',
  /** Failed in a way that its retries are not for. */
  'ATTEMPT_FAILED_FOR_GOOD',
  'ATTEMPT_TIMED_OUT',
  'ATTEMPT_LOST',
  'ATTEMPT_KILLED',
  'KILL',
  'RETRY',
] as const

/** What can happen to a job. */
export type JobEvent =
  | { readonly type: (typeof plainJobEvents)[number] }
  /** An error or timeout handler has ended; `to` = the state that it asks for, if it does. */
  | { readonly type: 'HANDLER_DONE'; readonly to: JobState | null }
  /** A user sets the state. */
  | { readonly type: 'FORCE'; readonly to: JobState }

/** What is to be done, by whoever steps the machine. All can be repeated without harm. */
export type JobEffect =
  /** Find out whether it waits, then deliver ADMITTED or PARENTS_ADDED. */
  | 'admit'
  /** Look at the parents, now and whenever one ends. */
  | 'awaitParents'
  | 'stageIn'
  | 'runPreprocess'
  /** Offer it to the launchers, once no attempt of it is open any more. */
  | 'enqueue'
  | 'runPostprocess'
  /** Run the postprocess script as error or timeout handler. */
  | 'runHandler'
  | 'stageOut'
  /** It has come to an end: tell those who wait for it. */
  | 'ended'
  /** End the open attempt (or hook), if there is one. */
  | 'killAttempt'

const effect = (): void => undefined

const jobSetup = setup({
  types: {
    context: {} as JobContext,
    events: {} as JobEvent,
    input: {} as JobFacts,
  },
  guards: {
    hasStageIn: ({ context }) => context.facts.hasStageIn,
    hasPreprocess: ({ context }) => context.facts.hasPreprocess,
    hasPostprocess: ({ context }) => context.facts.hasPostprocess,
    hasStageOut: ({ context }) => context.facts.hasStageOut,
    // A handler flag without a script handles nothing.
    canHandleError: ({ context }) => context.facts.handlesError && context.facts.hasPostprocess,
    canHandleTimeout: ({ context }) => context.facts.handlesTimeout && context.facts.hasPostprocess,
    retriesTimeout: ({ context }) => context.facts.retriesTimeout,
    hasRun: ({ context }) => context.attempts > 0,
    hasRetryLeft: ({ context }) => context.failures <= context.facts.maxRetries,
    goesTo: ({ event }, params: { readonly to: JobState }) =>
      (event.type === 'FORCE' || event.type === 'HANDLER_DONE') && event.to === params.to,
  },
  actions: {
    countAttempt: assign({ attempts: ({ context }) => context.attempts + 1 }),
    uncountAttempt: assign({ attempts: ({ context }) => Math.max(0, context.attempts - 1) }),
    countFailure: assign({ failures: ({ context }) => context.failures + 1 }),
    useUpRetries: assign({
      failures: ({ context }) => Math.max(context.failures, context.facts.maxRetries) + 1,
    }),
    forgetFailures: assign({ failures: 0 }),
    admit: effect,
    awaitParents: effect,
    stageIn: effect,
    runPreprocess: effect,
    enqueue: effect,
    runPostprocess: effect,
    runHandler: effect,
    stageOut: effect,
    ended: effect,
    killAttempt: effect,
  },
})

/** To whichever other state the event names. The same state is no change: nothing happens. */
function toNamed(from: JobState) {
  return jobStates
    .filter((state) => state !== from)
    .map((state) => ({ target: state, guard: { type: 'goesTo' as const, params: { to: state } } }))
}

/**
 * As toNamed, and ends the attempt or hook that may be leased or running: unless it is the one that
 * asks, which whoever steps the machine knows.
 */
function forced(from: JobState) {
  return toNamed(from).map((way) => ({ ...way, actions: 'killAttempt' as const }))
}

/** What never ran may lack its files and its preprocessing: it begins at its beginning. */
const retry = [
  { guard: 'hasRun', target: 'RESTART_READY', actions: 'forgetFailures' },
  { target: 'READY', actions: 'forgetFailures' },
] as const

/** While it can be leased: leases come and go, and an attempt that ended unheard leaves it so. */
function runnable(state: JobState) {
  return {
    ADVANCE: { actions: 'enqueue' },
    LEASED: { actions: 'countAttempt' },
    WITHDRAWN: { actions: ['uncountAttempt', 'enqueue'] },
    ATTEMPT_STARTED: 'RUNNING',
    ATTEMPT_LOST: { actions: 'enqueue' },
    ATTEMPT_KILLED: { actions: 'enqueue' },
    FORCE: forced(state),
  } as const
}

/** The machine of one job. Ends are ordinary states, because retry and late events are heard. */
export const jobMachine = jobSetup.createMachine({
  id: 'job',
  context: ({ input }) => ({ attempts: 0, failures: 0, facts: input }),
  initial: 'CREATED',
  on: {
    KILL: { target: '.USER_KILLED', actions: 'killAttempt' },
    // A lease may come back after the job was killed or forced; it counts nowhere.
    WITHDRAWN: { actions: 'uncountAttempt' },
  },
  states: {
    CREATED: {
      on: {
        ADMITTED: 'READY',
        PARENTS_ADDED: 'AWAITING_PARENTS',
        ADVANCE: { actions: 'admit' },
        FORCE: forced('CREATED'),
      },
    },
    AWAITING_PARENTS: {
      on: {
        ADVANCE: { actions: 'awaitParents' },
        PARENTS_FINISHED: 'READY',
        PARENT_FAILED: 'FAILED',
        FORCE: forced('AWAITING_PARENTS'),
      },
    },
    READY: {
      on: {
        ADVANCE: [{ guard: 'hasStageIn', actions: 'stageIn' }, { target: 'STAGED_IN' }],
        STAGE_IN_DONE: 'STAGED_IN',
        STAGE_IN_FAILED: 'FAILED',
        PARENTS_ADDED: 'AWAITING_PARENTS',
        FORCE: forced('READY'),
      },
    },
    STAGED_IN: {
      on: {
        ADVANCE: [{ guard: 'hasPreprocess', actions: 'runPreprocess' }, { target: 'PREPROCESSED' }],
        PREPROCESS_DONE: 'PREPROCESSED',
        PREPROCESS_FAILED: 'FAILED',
        PARENTS_ADDED: 'AWAITING_PARENTS',
        FORCE: forced('STAGED_IN'),
      },
    },
    PREPROCESSED: { on: { ...runnable('PREPROCESSED'), PARENTS_ADDED: 'AWAITING_PARENTS' } },
    RUNNING: {
      on: {
        ATTEMPT_SUCCEEDED: 'RUN_DONE',
        ATTEMPT_FAILED: { target: 'RUN_ERROR', actions: 'countFailure' },
        ATTEMPT_FAILED_FOR_GOOD: { target: 'RUN_ERROR', actions: 'useUpRetries' },
        ATTEMPT_TIMED_OUT: 'RUN_TIMEOUT',
        ATTEMPT_LOST: 'RESTART_READY',
        FORCE: forced('RUNNING'),
      },
    },
    RUN_DONE: {
      on: {
        ADVANCE: [
          { guard: 'hasPostprocess', actions: 'runPostprocess' },
          { target: 'POSTPROCESSED' },
        ],
        POSTPROCESS_DONE: 'POSTPROCESSED',
        POSTPROCESS_FAILED: 'FAILED',
        FORCE: forced('RUN_DONE'),
      },
    },
    POSTPROCESSED: {
      on: {
        ADVANCE: [{ guard: 'hasStageOut', actions: 'stageOut' }, { target: 'JOB_FINISHED' }],
        STAGE_OUT_DONE: 'JOB_FINISHED',
        STAGE_OUT_FAILED: 'FAILED',
        FORCE: forced('POSTPROCESSED'),
      },
    },
    RUN_TIMEOUT: {
      on: {
        ADVANCE: [
          { guard: 'canHandleTimeout', actions: 'runHandler' },
          { guard: 'retriesTimeout', target: 'RESTART_READY' },
          { target: 'FAILED' },
        ],
        // A handler that names no other state has not handled it.
        HANDLER_DONE: [...toNamed('RUN_TIMEOUT'), { target: 'FAILED' }],
        HANDLER_FAILED: 'FAILED',
        FORCE: forced('RUN_TIMEOUT'),
      },
    },
    RUN_ERROR: {
      on: {
        ADVANCE: [
          { guard: 'canHandleError', actions: 'runHandler' },
          { guard: 'hasRetryLeft', target: 'RESTART_READY' },
          { target: 'FAILED' },
        ],
        HANDLER_DONE: [...toNamed('RUN_ERROR'), { target: 'FAILED' }],
        HANDLER_FAILED: 'FAILED',
        FORCE: forced('RUN_ERROR'),
      },
    },
    // Only a retried job: its parents run again, too.
    RESTART_READY: { on: { ...runnable('RESTART_READY'), PARENTS_ADDED: 'AWAITING_PARENTS' } },
    JOB_FINISHED: {
      entry: 'ended',
      on: {
        KILL: {},
        RETRY: retry,
        FORCE: forced('JOB_FINISHED'),
      },
    },
    FAILED: {
      entry: 'ended',
      on: {
        KILL: {},
        RETRY: retry,
        FORCE: forced('FAILED'),
      },
    },
    // Sticky: no forced state leads out, only RETRY.
    USER_KILLED: {
      entry: 'ended',
      on: { KILL: {}, RETRY: retry },
    },
  },
})
