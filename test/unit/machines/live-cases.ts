// The four live machines with every event that can come to them, for tests that hold for all of
// them.
import { createActor, type Snapshot } from 'xstate'
import { getShortestPaths } from 'xstate/graph'
import {
  type AllocationEvent,
  allocationMachine,
  allocationVersion,
} from '../../../machines/allocation.ts'
import { type DaemonEvent, daemonMachine, daemonVersion } from '../../../machines/daemon.ts'
import { type LauncherEvent, launcherMachine, launcherVersion } from '../../../machines/launcher.ts'
import { openLive, type StoredSnapshot, storedSnapshot } from '../../../machines/live.ts'
import { type NodeEvent, nodeMachine, nodeVersion } from '../../../machines/node.ts'

/** Every launcher event. */
export const launcherEvents: readonly LauncherEvent[] = [
  { type: 'HELLO', incarnation: 'a' },
  { type: 'HELLO', incarnation: 'b' },
  { type: 'HEARTBEAT_MISSED' },
  { type: 'FRAME_HEARD' },
  { type: 'LINK_CLOSED' },
  { type: 'DRAIN', how: 'finish' },
  { type: 'DRAIN', how: 'stop' },
  { type: 'BYE' },
  { type: 'ALLOCATION_ENDED' },
  { type: 'ALLOCATION_REQUEUED' },
  { type: 'RESUME' },
]

/** Every allocation event. */
export const allocationEvents: readonly AllocationEvent[] = [
  { type: 'SUBMIT' },
  { type: 'SUBMIT_ACCEPTED', schedulerId: '7' },
  { type: 'SUBMIT_REFUSED', atMs: 1, reason: 'no such queue' },
  { type: 'SUBMIT_UNKNOWN', reason: 'no answer' },
  { type: 'FOUND', schedulerId: '7' },
  { type: 'NOT_FOUND', atMs: 2 },
  { type: 'POLLED_QUEUED' },
  { type: 'POLLED_RUNNING', atMs: 3 },
  { type: 'POLLED_ENDED', atMs: 4, isFailure: false, reason: 'COMPLETED' },
  { type: 'POLLED_ENDED', atMs: 4, isFailure: true, reason: 'NODE_FAIL' },
  { type: 'POLLED_UNKNOWN' },
  { type: 'LAUNCHER_HEARD', atMs: 3 },
  { type: 'CANCEL', atMs: 5, reason: 'by the user' },
  { type: 'CANCEL_OVERDUE' },
  { type: 'WALLTIME_PASSED', atMs: 6 },
  { type: 'FOREIGN_REGISTERED', atMs: 3 },
  { type: 'RESUME' },
]

/** Every node event. */
export const nodeEvents: readonly NodeEvent[] = [
  { type: 'HEARD' },
  { type: 'SILENT' },
  { type: 'LOST', evidence: 'DOWN' },
  { type: 'ALLOCATION_ENDED' },
  { type: 'RESUME' },
]

/** Every daemon event. */
export const daemonEvents: readonly DaemonEvent[] = [
  { type: 'STORE_OPENED', epoch: 3 },
  { type: 'RECOVERED' },
  { type: 'STOP', how: 'stop', reason: 'asked' },
  { type: 'STOP', how: 'restart', reason: 'SIGTERM' },
  { type: 'DRAINED' },
  { type: 'DRAIN_OVERDUE' },
  { type: 'CLOSED' },
  { type: 'FAILED', reason: 'disk' },
]

const input = { wallTimeMs: 60_000 }

/** A new launcher. */
export const newLauncher = () => openLive(createActor(launcherMachine), launcherVersion)
/** A new allocation of one minute. */
export const newAllocation = () =>
  openLive(createActor(allocationMachine, { input }), allocationVersion)
/** A new node. */
export const newNode = () => openLive(createActor(nodeMachine), nodeVersion)
/** A new daemon. */
export const newDaemon = () => openLive(createActor(daemonMachine), daemonVersion)

/**
 * What all four have in common for the tests: a way to every state, and how to begin and restore.
 */
export interface LiveCase {
  readonly name: string
  readonly states: readonly string[]
  /** For each snapshot that the graph holds: the events that lead to it. */
  readonly ways: readonly (readonly { readonly type: string }[])[]
  readonly events: readonly { readonly type: string }[]
  open(): LiveAnyone
  restore(stored: StoredSnapshot): LiveAnyone
}

/** A live actor whose events were checked by the list that they come from. */
export interface LiveAnyone {
  deliver(event: { readonly type: string }): readonly object[]
  state(): string
  context(): object
  stored(): StoredSnapshot
}

interface Stepped {
  readonly steps: readonly { readonly event: { readonly type: string } }[]
}

function waysOf(paths: readonly Stepped[], names: ReadonlySet<string>) {
  return paths.map(({ steps }) =>
    steps.map(({ event }) => event).filter(({ type }) => names.has(type)),
  )
}

function namesOf(events: readonly { readonly type: string }[]): ReadonlySet<string> {
  return new Set(events.map(({ type }) => type))
}

/** A door that takes events of any list; those of another machine would find no transition. */
function anyone(live: {
  deliver(event: never): readonly object[]
  state(): string
  context(): object
  stored(): StoredSnapshot
}): LiveAnyone {
  return { ...live, deliver: (event) => live.deliver(event as never) }
}

const restored = (stored: StoredSnapshot, version: number): { snapshot: Snapshot<unknown> } => ({
  snapshot: storedSnapshot(stored, version),
})

/** The four machines. */
export const liveCases: readonly LiveCase[] = [
  {
    name: 'launcher',
    states: Object.keys(launcherMachine.states),
    ways: waysOf(
      getShortestPaths(launcherMachine, { events: launcherEvents }),
      namesOf(launcherEvents),
    ),
    events: launcherEvents,
    open: () => anyone(newLauncher()),
    restore: (stored) => {
      const actor = createActor(launcherMachine, restored(stored, launcherVersion))
      return anyone(openLive(actor, launcherVersion))
    },
  },
  {
    name: 'allocation',
    states: Object.keys(allocationMachine.states),
    ways: waysOf(
      getShortestPaths(allocationMachine, { events: allocationEvents, input }),
      namesOf(allocationEvents),
    ),
    events: allocationEvents,
    open: () => anyone(newAllocation()),
    restore: (stored) => {
      const options = { ...restored(stored, allocationVersion), input }
      return anyone(openLive(createActor(allocationMachine, options), allocationVersion))
    },
  },
  {
    name: 'node',
    states: Object.keys(nodeMachine.states),
    ways: waysOf(getShortestPaths(nodeMachine, { events: nodeEvents }), namesOf(nodeEvents)),
    events: nodeEvents,
    open: () => anyone(newNode()),
    restore: (stored) =>
      anyone(openLive(createActor(nodeMachine, restored(stored, nodeVersion)), nodeVersion)),
  },
  {
    name: 'daemon',
    states: Object.keys(daemonMachine.states),
    ways: waysOf(getShortestPaths(daemonMachine, { events: daemonEvents }), namesOf(daemonEvents)),
    events: daemonEvents,
    open: () => anyone(newDaemon()),
    restore: (stored) =>
      anyone(openLive(createActor(daemonMachine, restored(stored, daemonVersion)), daemonVersion)),
  },
]
