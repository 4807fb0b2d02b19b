// One node of an allocation: what it is, and the launcher of a node whose tasks need no processes.
// Must never load what only real tasks need: 48 such nodes start in one process.
import type { AllocationFile } from '../../protocol/allocation-file.ts'
import type { Clock, Log, Randomness } from '../../protocol/ports.ts'
import type { Launcher } from './core/launcher.ts'
import { makeLauncher } from './core/launcher.ts'
import type { Dialer, LauncherSettings, MachineView } from './core/ports.ts'
import { availableCpus } from './machine/cpus.ts'
import { memoryTotalMiB } from './machine/memory.ts'
import { makeNoExecRunner } from './runner/no-exec.ts'

/** What all nodes of one process share. */
export interface NodePorts {
  readonly clock: Clock
  readonly randomness: Randomness
  readonly log: Log
  readonly dialer: Dialer
  readonly machine: MachineView
}

/** Which node, of what. */
export interface NodePlan {
  readonly runDirectory: string
  readonly file: AllocationFile
  readonly nodeIndex: number
  /** Until the end of the allocation; null: no end. */
  readonly wallTimeLeftMs: number | null
}

/** Starts a launcher that answers every task without a process. */
export function startNoExecNode(
  plan: NodePlan,
  ports: NodePorts,
  onEnd: (reason: string) => void,
): Launcher {
  const launcher = makeLauncher(settingsOf(plan), {
    ...ports,
    onEnd,
    makeRunner: (handlers) => makeNoExecRunner(ports.clock, handlers),
  })
  launcher.start()
  return launcher
}

/** The node in the core's words. */
export function settingsOf({ file, nodeIndex, wallTimeLeftMs }: NodePlan): LauncherSettings {
  const node = file.nodes[nodeIndex]
  if (node === undefined) throw new RangeError(`the allocation has no node ${nodeIndex}`)
  return {
    siteId: file.siteId,
    allocationId: file.allocationId,
    nodeIndex,
    node: node.name,
    pid: process.pid,
    cpus: node.cpus ?? availableCpus(),
    memoryMiB: memoryTotalMiB(),
    hookSlots: file.hookSlots,
    killGraceMs: file.killGraceMs,
    idleExitMs: file.idleExitMs,
    wallTimeLeftMs,
  }
}
