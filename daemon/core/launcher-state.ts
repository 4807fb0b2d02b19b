// What the daemon knows of one launcher: its machine, its link, its room. Leases are on the jobs.
import type {
  LauncherContext,
  LauncherEffect,
  LauncherEvent,
  LauncherState as LauncherStateName,
} from '../../machines/launcher.ts'
import type { Live } from '../../machines/live.ts'
import type { NodeContext, NodeEffect, NodeEvent } from '../../machines/node.ts'
import type { LauncherLink } from '../links/door.ts'

/** Facts of a launcher that are stored with its machine's snapshot. */
export interface LauncherFacts {
  readonly allocationId: number
  readonly nodeIndex: number
  readonly node: string
  readonly incarnation: string
  readonly cpus: number
  readonly memoryMiB: number
  readonly wfFilter: string
  /** Hooks and transfers that it runs at once; absent in rows of earlier versions: none. */
  readonly hookSlots?: number
}

/** A launcher's machine as it runs. */
export type LauncherLive = Live<LauncherStateName, LauncherContext, LauncherEvent, LauncherEffect>

/** The machine of a launcher's node as it runs. */
export type NodeLive = Live<'up' | 'silent' | 'gone', NodeContext, NodeEvent, NodeEffect>

/** A launcher in memory. */
export interface LauncherState {
  readonly id: number
  facts: LauncherFacts
  readonly live: LauncherLive
  /** The node that it runs on: one launcher a node. */
  readonly node: NodeLive
  /** The connection, when there is one that has said hello. */
  link: LauncherLink | null
  /** Templates that the launcher has been sent over this link. */
  readonly templates: Set<number>
  /** Cores of all open attempts on it, queued ones included. */
  usedCpus: number
  /** Open attempts on it. */
  leases: number
  /** Open steps on it: they take hook slots, not cores. */
  steps: number
  /** Recent mean duration of its tasks in ms; null before the first end. */
  meanTaskMs: number | null
  /** A recall is on its way; no second one until it is answered. */
  isRecalling: boolean
  lastHeardMs: number
  connectedAtMs: number | null
  running: number
  queued: number
}
