// The allocation's statechart: from the intent to hold nodes to the proof that nothing of it lives.
// Pure. "Not known" is never "ended"; deadlines are data, and others tell when they have passed.
import { assign, emit, setup } from 'xstate'
import type { AllocationItem } from '../protocol/calls.ts'
import { limits } from '../protocol/limits.ts'

/**
 * Version of the persisted snapshots. Raise it with every change that old snapshots don't survive.
 */
export const allocationVersion = 1

/** What an allocation is opened with. */
export interface AllocationInput {
  /** null: no end. */
  readonly wallTimeMs: number | null
}

/** What an allocation's machine remembers. */
export interface AllocationContext extends AllocationInput {
  readonly schedulerId: string | null
  readonly startedAtMs: number | null
  /** When its time is over; data for an alarm (WALLTIME_PASSED, some grace later). */
  readonly walltimeEndsAtMs: number | null
  readonly endedAtMs: number | null
  /** When it was asked to end; null when nobody asked. Data for an alarm (CANCEL_OVERDUE). */
  readonly cancelledAtMs: number | null
  /** Searches in a row that found nothing. */
  readonly emptySearches: number
  /** What the next submission waits: more with each that was lost. Early snapshots have none. */
  readonly resubmitWaitMs?: number
  /** Why it ended, or how that is known; '' while there is nothing to say. */
  readonly reason: string
}

/** What can happen to an allocation. Times are wall times in ms. */
export type AllocationEvent =
  /** Its intent is committed and the scheduler may be asked. */
  | { readonly type: 'SUBMIT' }
  | { readonly type: 'SUBMIT_ACCEPTED'; readonly schedulerId: string }
  | { readonly type: 'SUBMIT_REFUSED'; readonly atMs: number; readonly reason: string }
  /** The command failed in a way that leaves open whether the scheduler took it. */
  | { readonly type: 'SUBMIT_UNKNOWN'; readonly reason: string }
  /** A search by its token has found it. */
  | { readonly type: 'FOUND'; readonly schedulerId: string }
  /** A search that can be trusted has found nothing. */
  | { readonly type: 'NOT_FOUND'; readonly atMs: number }
  | { readonly type: 'POLLED_QUEUED' }
  | { readonly type: 'POLLED_RUNNING'; readonly atMs: number }
  /** There is proof that nothing of it lives. */
  | {
      readonly type: 'POLLED_ENDED'
      readonly atMs: number
      readonly isFailure: boolean
      readonly reason: string
    }
  /** The scheduler did not answer, or did not list it and can't say why. */
  | { readonly type: 'POLLED_UNKNOWN' }
  /** A launcher of it said hello: it runs, whatever the scheduler says. */
  | { readonly type: 'LAUNCHER_HEARD'; readonly atMs: number }
  | { readonly type: 'CANCEL'; readonly atMs: number; readonly reason: string }
  /** It was cancelled some time ago and still lives. */
  | { readonly type: 'CANCEL_OVERDUE' }
  /** Its walltime and a grace have passed: it has ended, whether the scheduler says so or not. */
  | { readonly type: 'WALLTIME_PASSED'; readonly atMs: number }
  /** A launcher that was started by hand asks to be known. */
  | { readonly type: 'FOREIGN_REGISTERED'; readonly atMs: number }
  /** The daemon has started again. */
  | { readonly type: 'RESUME' }

/** What follows. All can be repeated without harm. */
export type AllocationEffect =
  /** Deliver SUBMIT as soon as it may be submitted, and not before so many ms have passed. */
  | { readonly type: 'prepare'; readonly waitMs: number }
  /** Ask the scheduler, with the allocation's token. Only ever after the commit of SUBMITTING. */
  | { readonly type: 'submit' }
  /** Search it at the scheduler by its token, in the next poll cycles, until its id is known. */
  | { readonly type: 'find' }
  /** Include it in the polls. */
  | { readonly type: 'watch' }
  | { readonly type: 'cancel'; readonly isForced: boolean }
  /** Its nodes are held: launchers are to be expected. */
  | { readonly type: 'started' }
  /** The scheduler put it back into its queue: what ran on its nodes is dead. */
  | { readonly type: 'requeued' }
  /** Nothing of it lives: tell its launchers and nodes. */
  | { readonly type: 'ended' }

const ends = {
  POLLED_ENDED: [
    { guard: 'isFailure', target: 'FAILED', actions: ['noteEnd', 'ended'] },
    { target: 'ENDED', actions: ['noteEnd', 'ended'] },
  ],
} as const
const running = { target: 'RUNNING', actions: ['noteStart', 'started'] } as const
const cancelling = { target: 'ENDING', actions: ['noteCancel', 'cancel'] } as const

/** The machine of one allocation. SEARCHING is shown as SUBMITTING, CANCEL_ASKED as ENDING. */
export const allocationMachine = setup({
  types: {
    context: {} as AllocationContext,
    events: {} as AllocationEvent,
    input: {} as AllocationInput,
    emitted: {} as AllocationEffect,
  },
  guards: {
    isFailure: ({ event }) => event.type === 'POLLED_ENDED' && event.isFailure,
    isSearchedEnough: ({ context }) => context.emptySearches + 1 >= limits.searchesBeforeResubmit,
    hasSchedulerId: ({ context }) => context.schedulerId !== null,
  },
  actions: {
    noteId: assign({
      schedulerId: ({ context, event }) =>
        'schedulerId' in event ? event.schedulerId : context.schedulerId,
    }),
    noteStart: assign({
      startedAtMs: ({ context, event }) => ('atMs' in event ? event.atMs : context.startedAtMs),
      walltimeEndsAtMs: ({ context, event }) =>
        'atMs' in event && context.wallTimeMs !== null ? event.atMs + context.wallTimeMs : null,
    }),
    forgetStart: assign({ startedAtMs: null, walltimeEndsAtMs: null }),
    noteReason: assign({
      reason: ({ context, event }) => ('reason' in event ? event.reason : context.reason),
    }),
    noteCancel: assign({
      reason: ({ context, event }) => (event.type === 'CANCEL' ? event.reason : context.reason),
      cancelledAtMs: ({ context, event }) =>
        event.type === 'CANCEL' ? event.atMs : context.cancelledAtMs,
    }),
    noteEnd: assign({
      endedAtMs: ({ event }) => ('atMs' in event ? event.atMs : null),
      // What was asked for (a cancel) explains more than what came of it.
      reason: ({ context, event }) =>
        context.reason === '' && 'reason' in event ? event.reason : context.reason,
    }),
    noteWalltime: assign({ reason: 'its walltime and a grace have passed' }),
    countSearch: assign({ emptySearches: ({ context }) => context.emptySearches + 1 }),
    forgetSearches: assign({ emptySearches: 0 }),
    // A scheduler that loses its answers is asked ever less often.
    waitLonger: assign({
      resubmitWaitMs: ({ context: { resubmitWaitMs = 0 } }) =>
        Math.min(limits.resubmitMsMax, Math.max(limits.resubmitMsMin, 2 * resubmitWaitMs)),
    }),
    forgetReason: assign({ reason: '' }),
    prepare: emit(({ context }) => ({ type: 'prepare', waitMs: context.resubmitWaitMs ?? 0 })),
    submit: emit({ type: 'submit' }),
    find: emit({ type: 'find' }),
    watch: emit({ type: 'watch' }),
    cancel: emit({ type: 'cancel', isForced: false }),
    cancelByForce: emit({ type: 'cancel', isForced: true }),
    started: emit({ type: 'started' }),
    requeued: emit({ type: 'requeued' }),
    ended: emit({ type: 'ended' }),
  },
}).createMachine({
  id: 'allocation',
  context: ({ input }) => ({
    wallTimeMs: input.wallTimeMs,
    schedulerId: null,
    startedAtMs: null,
    walltimeEndsAtMs: null,
    endedAtMs: null,
    cancelledAtMs: null,
    emptySearches: 0,
    resubmitWaitMs: 0,
    reason: '',
  }),
  initial: 'PENDING',
  states: {
    PENDING: {
      entry: 'prepare',
      on: {
        RESUME: { actions: 'prepare' },
        SUBMIT: { target: 'SUBMITTING', actions: ['forgetReason', 'submit'] },
        FOREIGN_REGISTERED: running,
        CANCEL: { target: 'ENDED', actions: ['noteCancel', 'noteEnd', 'ended'] },
      },
    },
    SUBMITTING: {
      on: {
        // The command may have been cut off by the end of the last daemon.
        RESUME: { target: 'SEARCHING', actions: ['forgetSearches', 'find'] },
        SUBMIT_ACCEPTED: { target: 'QUEUED', actions: ['noteId', 'watch'] },
        SUBMIT_REFUSED: { target: 'FAILED', actions: ['noteEnd', 'ended'] },
        SUBMIT_UNKNOWN: {
          target: 'SEARCHING',
          actions: ['noteReason', 'forgetSearches', 'find'],
        },
        LAUNCHER_HEARD: running,
        CANCEL: { target: 'CANCEL_ASKED', actions: 'noteCancel' },
      },
    },
    SEARCHING: {
      on: {
        RESUME: { actions: 'find' },
        SUBMIT_ACCEPTED: { target: 'QUEUED', actions: ['noteId', 'forgetReason', 'watch'] },
        FOUND: { target: 'QUEUED', actions: ['noteId', 'forgetReason', 'watch'] },
        NOT_FOUND: [
          {
            guard: 'isSearchedEnough',
            target: 'PENDING',
            actions: ['forgetSearches', 'waitLonger'],
          },
          { actions: ['countSearch', 'find'] },
        ],
        LAUNCHER_HEARD: {
          target: 'RUNNING',
          actions: ['noteStart', 'forgetReason', 'started', 'find'],
        },
        CANCEL: { target: 'CANCEL_ASKED', actions: ['noteCancel', 'forgetSearches', 'find'] },
      },
    },
    // To be cancelled, and it is not known yet under which id, or whether at all.
    CANCEL_ASKED: {
      on: {
        RESUME: { actions: ['forgetSearches', 'find'] },
        SUBMIT_ACCEPTED: { target: 'ENDING', actions: ['noteId', 'watch', 'cancel'] },
        FOUND: { target: 'ENDING', actions: ['noteId', 'watch', 'cancel'] },
        SUBMIT_REFUSED: { target: 'ENDED', actions: ['noteEnd', 'ended'] },
        SUBMIT_UNKNOWN: { actions: ['forgetSearches', 'find'] },
        NOT_FOUND: [
          { guard: 'isSearchedEnough', target: 'ENDED', actions: ['noteEnd', 'ended'] },
          { actions: ['countSearch', 'find'] },
        ],
      },
    },
    QUEUED: {
      on: {
        ...ends,
        RESUME: { actions: 'watch' },
        POLLED_RUNNING: running,
        LAUNCHER_HEARD: running,
        CANCEL: cancelling,
      },
    },
    RUNNING: {
      on: {
        ...ends,
        RESUME: [
          { guard: 'hasSchedulerId', actions: ['watch', 'started'] },
          { actions: ['find', 'watch', 'started'] },
        ],
        POLLED_QUEUED: { target: 'QUEUED', actions: ['forgetStart', 'requeued'] },
        // Its launcher was heard before the scheduler's answer.
        SUBMIT_ACCEPTED: { actions: ['noteId', 'watch'] },
        FOUND: { actions: ['noteId', 'watch'] },
        SUBMIT_UNKNOWN: { actions: 'find' },
        WALLTIME_PASSED: { target: 'ENDED', actions: ['noteWalltime', 'noteEnd', 'ended'] },
        CANCEL: cancelling,
      },
    },
    ENDING: {
      on: {
        ...ends,
        RESUME: [
          { guard: 'hasSchedulerId', actions: ['watch', 'cancel'] },
          { actions: ['find', 'watch', 'cancel'] },
        ],
        SUBMIT_ACCEPTED: { actions: ['noteId', 'cancel'] },
        FOUND: { actions: ['noteId', 'cancel'] },
        SUBMIT_UNKNOWN: { actions: 'find' },
        CANCEL: { actions: 'cancel' },
        CANCEL_OVERDUE: { actions: 'cancelByForce' },
        WALLTIME_PASSED: { target: 'ENDED', actions: ['noteWalltime', 'noteEnd', 'ended'] },
      },
    },
    ENDED: { on: { RESUME: { actions: 'ended' } } },
    FAILED: { on: { RESUME: { actions: 'ended' } } },
  },
})

/** A state of the allocation machine. */
export type AllocationState = AllocationItem['state'] | 'SEARCHING' | 'CANCEL_ASKED'

/** How an allocation's state is shown. */
export const shownAllocationStates: Readonly<Record<AllocationState, AllocationItem['state']>> = {
  PENDING: 'PENDING',
  SUBMITTING: 'SUBMITTING',
  SEARCHING: 'SUBMITTING',
  CANCEL_ASKED: 'ENDING',
  QUEUED: 'QUEUED',
  RUNNING: 'RUNNING',
  ENDING: 'ENDING',
  ENDED: 'ENDED',
  FAILED: 'FAILED',
}
