// The launcher's statechart, from the allocation that will start it to its goodbye.
// Pure. Hearing and silence are told to it as events; others know the links and the deadlines.
import { assign, emit, setup } from 'xstate'
import type { LauncherItem } from '../protocol/calls.ts'

/**
 * Version of the persisted snapshots. Raise it with every change that old snapshots don't survive.
 */
export const launcherVersion = 1

/** How the work on a launcher ends: when its tasks have ended, or by ending them. */
export type DrainHow = 'finish' | 'stop'

/** What a launcher's machine remembers. */
export interface LauncherContext {
  /** Of the program that said hello last; null before the first hello. */
  readonly incarnation: string | null
  /** How it is to drain, once that was asked: said again after each hello. */
  readonly drainHow: DrainHow
}

/** What can happen to a launcher. */
export type LauncherEvent =
  /** It said hello on a link that was let in; an earlier link of it is replaced. */
  | { readonly type: 'HELLO'; readonly incarnation: string }
  /** Nothing was heard for limits.heartbeatSilenceMsMax. */
  | { readonly type: 'HEARTBEAT_MISSED' }
  /** A frame came. Needs telling only while it is silent. */
  | { readonly type: 'FRAME_HEARD' }
  | { readonly type: 'LINK_CLOSED' }
  | { readonly type: 'DRAIN'; readonly how: DrainHow }
  /** Nothing runs any more, and all that it held has been reported. */
  | { readonly type: 'BYE' }
  /** There is proof that nothing of its allocation lives. */
  | { readonly type: 'ALLOCATION_ENDED' }
  /** Its allocation is back in the scheduler's queue: what ran is dead, another start will come. */
  | { readonly type: 'ALLOCATION_REQUEUED' }
  /** The daemon has started again: links are gone. */
  | { readonly type: 'RESUME' }

/** What follows. All can be repeated without harm. */
export type LauncherEffect =
  /** Answer the hello and compare what it holds with its leases. */
  | { readonly type: 'welcome'; readonly isNewIncarnation: boolean }
  /** Send the drain frame. */
  | { readonly type: 'drain'; readonly how: DrainHow }
  /** It may be given work again. */
  | { readonly type: 'offerWork' }
  /** Its open attempts go back to the queue: they never ran. */
  | { readonly type: 'withdrawLeases' }
  /** Its open attempts are known to be dead. */
  | { readonly type: 'loseLeases' }
  /** Its allocation, or its part in it, is over: it must end what it runs. */
  | { readonly type: 'refuse' }

const welcome = {
  HELLO: { target: 'connected', actions: ['welcome', 'learn', 'offerWork'] },
} as const
const ended = {
  ALLOCATION_ENDED: { target: 'ended', actions: 'loseLeases' },
  ALLOCATION_REQUEUED: { target: 'expected', actions: ['loseLeases', 'forgetDrain'] },
} as const
const bye = { BYE: { target: 'gone', actions: 'withdrawLeases' } } as const

/** The machine of one launcher (one node of one allocation). */
export const launcherMachine = setup({
  types: {
    context: {} as LauncherContext,
    events: {} as LauncherEvent,
    emitted: {} as LauncherEffect,
  },
  guards: {
    // Its tasks run elsewhere by now; only another start of it may come.
    isGivenUp: ({ context, event }) =>
      event.type === 'HELLO' && event.incarnation === context.incarnation,
  },
  actions: {
    learn: assign({
      incarnation: ({ context, event }) =>
        event.type === 'HELLO' ? event.incarnation : context.incarnation,
    }),
    rememberDrain: assign({
      // A stop is never softened to a finish.
      drainHow: ({ context, event }) =>
        event.type === 'DRAIN' && context.drainHow !== 'stop' ? event.how : context.drainHow,
    }),
    forgetDrain: assign({ drainHow: 'finish' }),
    welcome: emit(({ context, event }) => ({
      type: 'welcome',
      isNewIncarnation: event.type === 'HELLO' && event.incarnation !== context.incarnation,
    })),
    drain: emit(({ context }) => ({ type: 'drain', how: context.drainHow })),
    offerWork: emit({ type: 'offerWork' }),
    withdrawLeases: emit({ type: 'withdrawLeases' }),
    loseLeases: emit({ type: 'loseLeases' }),
    refuse: emit({ type: 'refuse' }),
  },
}).createMachine({
  id: 'launcher',
  context: { incarnation: null, drainHow: 'finish' },
  initial: 'expected',
  states: {
    expected: {
      on: {
        ...ended,
        HELLO: [{ guard: 'isGivenUp', actions: 'refuse' }, welcome.HELLO],
        DRAIN: { target: 'drainingAway', actions: 'rememberDrain' },
      },
    },
    connected: {
      on: {
        ...welcome,
        ...ended,
        ...bye,
        HEARTBEAT_MISSED: 'silent',
        LINK_CLOSED: 'disconnected',
        RESUME: 'disconnected',
        DRAIN: { target: 'draining', actions: ['rememberDrain', 'drain'] },
      },
    },
    // Silent is only shown: its jobs are not run elsewhere while its allocation may live.
    silent: {
      on: {
        ...welcome,
        ...ended,
        ...bye,
        FRAME_HEARD: { target: 'connected', actions: 'offerWork' },
        LINK_CLOSED: 'disconnected',
        RESUME: 'disconnected',
        DRAIN: { target: 'draining', actions: ['rememberDrain', 'drain'] },
      },
    },
    disconnected: {
      on: { ...welcome, ...ended, DRAIN: { target: 'drainingAway', actions: 'rememberDrain' } },
    },
    draining: {
      on: {
        ...ended,
        ...bye,
        HELLO: { actions: ['welcome', 'learn', 'drain'] },
        DRAIN: { actions: ['rememberDrain', 'drain'] },
        LINK_CLOSED: 'drainingAway',
        RESUME: 'drainingAway',
      },
    },
    // To be drained as soon as it is back.
    drainingAway: {
      on: {
        ...ended,
        HELLO: { target: 'draining', actions: ['welcome', 'learn', 'drain'] },
        DRAIN: { actions: 'rememberDrain' },
      },
    },
    // Started again on its node: a launcher like the first.
    gone: {
      on: {
        HELLO: { target: 'connected', actions: ['welcome', 'learn', 'forgetDrain', 'offerWork'] },
        ALLOCATION_ENDED: 'ended',
        ALLOCATION_REQUEUED: { target: 'expected', actions: 'forgetDrain' },
      },
    },
    ended: { on: { HELLO: { actions: 'refuse' } } },
  },
})

/** A state of the launcher machine. */
export type LauncherState =
  | 'expected'
  | 'connected'
  | 'silent'
  | 'disconnected'
  | 'draining'
  | 'drainingAway'
  | 'gone'
  | 'ended'

/** How a launcher's state is shown. */
export const shownLauncherStates: Readonly<Record<LauncherState, LauncherItem['state']>> = {
  expected: 'SILENT',
  connected: 'CONNECTED',
  silent: 'SILENT',
  disconnected: 'SILENT',
  draining: 'DRAINING',
  drainingAway: 'DRAINING',
  gone: 'GONE',
  ended: 'GONE',
}
