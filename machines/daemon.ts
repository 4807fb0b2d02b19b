// The statechart of the daemon itself, from its start to its end.
// Pure. Never restored: a daemon begins anew; the stored snapshot tells how the last one ended.
import { assign, emit, setup } from 'xstate'

/**
 * Version of the persisted snapshots. Raise it with every change that old snapshots don't survive.
 */
export const daemonVersion = 1

/** stop: the site's local allocations end too. restart: the next daemon adopts them. */
export type StopHow = 'stop' | 'restart'

/** What the daemon's machine remembers. */
export interface DaemonContext {
  /** The epoch that this reign won; null before the store is open. */
  readonly epoch: number | null
  readonly how: StopHow
  /** Why it ended or is ending; '' while there is nothing to say. */
  readonly reason: string
}

/** What can happen to the daemon. */
export type DaemonEvent =
  /** The store is open and its epoch is ours. */
  | { readonly type: 'STORE_OPENED'; readonly epoch: number }
  /** What the store holds is in memory, and live actors were resumed. */
  | { readonly type: 'RECOVERED' }
  /** A user's stop or restart; SIGTERM is a restart. */
  | { readonly type: 'STOP'; readonly how: StopHow; readonly reason: string }
  /** Nothing is left to wait for: allocations have ended (stop), the inbox is empty. */
  | { readonly type: 'DRAINED' }
  /** It took too long; what is left is for the next daemon. */
  | { readonly type: 'DRAIN_OVERDUE' }
  /** The store is closed. */
  | { readonly type: 'CLOSED' }
  /** It can't go on: the start failed, a commit failed, or another daemon reigns. */
  | { readonly type: 'FAILED'; readonly reason: string }

/** What follows. */
export type DaemonEffect =
  /** Open the store and raise the epoch. */
  | { readonly type: 'openStore' }
  /** Read the site, replay the journal, deliver RESUME to all that lives. */
  | { readonly type: 'recover' }
  /** Open the socket and write server.json. */
  | { readonly type: 'serve' }
  /** Take no new calls but status and stop; lease nothing more. */
  | { readonly type: 'refuseCalls' }
  /** Cancel the site's local allocations. */
  | { readonly type: 'endAllocations' }
  /** Write what is left and close the store. */
  | { readonly type: 'closeStore' }
  /** Leave the process. */
  | { readonly type: 'exit'; readonly isFailure: boolean }

const fails = { FAILED: { target: 'stopped', actions: ['noteReason', 'fail'] } } as const

/** The machine of the daemon. */
export const daemonMachine = setup({
  types: {
    context: {} as DaemonContext,
    events: {} as DaemonEvent,
    emitted: {} as DaemonEffect,
  },
  guards: {
    isStop: ({ event }) => event.type === 'STOP' && event.how === 'stop',
  },
  actions: {
    noteEpoch: assign({
      epoch: ({ context, event }) => (event.type === 'STORE_OPENED' ? event.epoch : context.epoch),
    }),
    noteStop: assign({
      how: ({ context, event }) => (event.type === 'STOP' ? event.how : context.how),
      reason: ({ context, event }) => (event.type === 'STOP' ? event.reason : context.reason),
    }),
    noteReason: assign({
      reason: ({ context, event }) => (event.type === 'FAILED' ? event.reason : context.reason),
    }),
    openStore: emit({ type: 'openStore' }),
    recover: emit({ type: 'recover' }),
    serve: emit({ type: 'serve' }),
    refuseCalls: emit({ type: 'refuseCalls' }),
    endAllocations: emit({ type: 'endAllocations' }),
    closeStore: emit({ type: 'closeStore' }),
    exit: emit({ type: 'exit', isFailure: false }),
    fail: emit({ type: 'exit', isFailure: true }),
  },
}).createMachine({
  id: 'daemon',
  context: { epoch: null, how: 'restart', reason: '' },
  initial: 'starting',
  states: {
    starting: {
      entry: 'openStore',
      on: {
        ...fails,
        STORE_OPENED: { target: 'recovering', actions: ['noteEpoch', 'recover'] },
        STOP: { target: 'stopping', actions: ['noteStop', 'closeStore'] },
      },
    },
    recovering: {
      on: {
        ...fails,
        RECOVERED: { target: 'serving', actions: 'serve' },
        STOP: { target: 'stopping', actions: ['noteStop', 'closeStore'] },
      },
    },
    serving: {
      on: {
        ...fails,
        STOP: [
          {
            guard: 'isStop',
            target: 'draining',
            actions: ['noteStop', 'refuseCalls', 'endAllocations'],
          },
          { target: 'draining', actions: ['noteStop', 'refuseCalls'] },
        ],
      },
    },
    draining: {
      on: {
        ...fails,
        // A restart can still become a stop, never the other way: allocations are already ending.
        STOP: { guard: 'isStop', actions: ['noteStop', 'endAllocations'] },
        DRAINED: { target: 'stopping', actions: 'closeStore' },
        DRAIN_OVERDUE: { target: 'stopping', actions: 'closeStore' },
      },
    },
    stopping: { on: { ...fails, CLOSED: { target: 'stopped', actions: 'exit' } } },
    stopped: {},
  },
})
