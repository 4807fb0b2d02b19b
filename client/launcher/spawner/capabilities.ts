// What each kind of spawner gives. The contract suite asserts both columns: what is given is exact,
// and what is not given is exactly as said here.
import type { SpawnerKind } from './messages.ts'

/** What a user may rely on. */
export interface Capabilities {
  /** CPU time and peak memory are measured; else they are 0. */
  readonly hasUsage: boolean
  /** `cpus` binds the task to these cores; else it is not bound. */
  readonly hasAffinity: boolean
  /** A task that exits with 128 + n can be told from one killed by signal n. */
  readonly isSignalExact: boolean
  /** The pid of a report is the task's own; else that of the shell which waits for it. */
  readonly hasOwnPid: boolean
  /** Processes that left the task's tree are adopted and reaped. */
  readonly isSubreaper: boolean
  /** Descriptors that the launcher inherited and left open are kept from tasks. */
  readonly closesInherited: boolean
  /** Processes left in the group are seen at every exit; else only when the task is killed. */
  readonly seesLeftovers: boolean
}

/** By kind. */
export const capabilities: Readonly<Record<SpawnerKind, Capabilities>> = {
  koffi: {
    hasUsage: true,
    hasAffinity: true,
    isSignalExact: true,
    hasOwnPid: true,
    isSubreaper: true,
    closesInherited: true,
    seesLeftovers: true,
  },
  child: {
    hasUsage: false,
    hasAffinity: false,
    isSignalExact: true,
    hasOwnPid: true,
    isSubreaper: false,
    closesInherited: false,
    seesLeftovers: true,
  },
  shell: {
    hasUsage: false,
    hasAffinity: false,
    isSignalExact: false,
    hasOwnPid: false,
    isSubreaper: false,
    closesInherited: false,
    seesLeftovers: false,
  },
}
