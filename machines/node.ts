// The statechart of one node of an allocation, as far as it matters to the jobs on it.
// Pure. A node is gone only on proof; silence alone never makes it so.
import { assign, emit, setup } from 'xstate'

/**
 * Version of the persisted snapshots. Raise it with every change that old snapshots don't survive.
 */
export const nodeVersion = 1

/** What a node's machine remembers. */
export interface NodeContext {
  /** Who says that it is gone, for people; '' while it is not. */
  readonly evidence: string
}

/** What can happen to a node. */
export type NodeEvent =
  /** Something on it was heard. Needs telling only while it is silent or gone. */
  | { readonly type: 'HEARD' }
  /** Its launcher is silent or cut off. */
  | { readonly type: 'SILENT' }
  /** The scheduler, the allocation's supervisor or a user says that it is dead. */
  | { readonly type: 'LOST'; readonly evidence: string }
  | { readonly type: 'ALLOCATION_ENDED' }
  /** The daemon has started again. */
  | { readonly type: 'RESUME' }

/** What follows. */
export type NodeEffect =
  /** Attempts on it are known to be dead. */
  | { readonly type: 'loseLeases'; readonly evidence: string }
  /** Whoever said that it was dead was wrong: people must know. */
  | { readonly type: 'warnReturned'; readonly evidence: string }

/** The machine of one node. */
export const nodeMachine = setup({
  types: {
    context: {} as NodeContext,
    events: {} as NodeEvent,
    emitted: {} as NodeEffect,
  },
  actions: {
    noteEvidence: assign({
      evidence: ({ event }) => (event.type === 'LOST' ? event.evidence : 'its allocation ended'),
    }),
    forgetEvidence: assign({ evidence: '' }),
    loseLeases: emit(({ context }) => ({ type: 'loseLeases', evidence: context.evidence })),
    warnReturned: emit(({ context }) => ({ type: 'warnReturned', evidence: context.evidence })),
  },
}).createMachine({
  id: 'node',
  context: { evidence: '' },
  initial: 'up',
  states: {
    up: {
      on: {
        SILENT: 'silent',
        RESUME: 'silent',
        LOST: { target: 'gone', actions: ['noteEvidence', 'loseLeases'] },
        ALLOCATION_ENDED: { target: 'gone', actions: ['noteEvidence', 'loseLeases'] },
      },
    },
    silent: {
      on: {
        HEARD: 'up',
        LOST: { target: 'gone', actions: ['noteEvidence', 'loseLeases'] },
        ALLOCATION_ENDED: { target: 'gone', actions: ['noteEvidence', 'loseLeases'] },
      },
    },
    gone: {
      on: {
        HEARD: { target: 'up', actions: ['warnReturned', 'forgetEvidence'] },
        RESUME: { actions: 'loseLeases' },
      },
    },
  },
})
