// Opens the spawners of a node: adopts what earlier ones left, and ends what nobody can adopt.
// Must never return while a task of this node runs that is not among the adopted.
import type { AllocationFile } from '../../../protocol/allocation-file.ts'
import { fault } from '../../../protocol/faults.ts'
import type { Clock, Log } from '../../../protocol/ports.ts'
import type { Launcher } from '../core/launcher.ts'
import type { RunnerHandlers, TaskRunner } from '../core/ports.ts'

/** What a pool is opened for. */
export interface PoolPlan {
  /** Directory of the journals. */
  readonly directory: string
  readonly file: AllocationFile
  readonly nodeIndex: number
  readonly marker: string
  readonly environment: Readonly<Record<string, string>>
  readonly cpus: number
}

/** An open pool. */
export interface OpenPool {
  makeRunner(handlers: RunnerHandlers): TaskRunner
  /** Tells the launcher of tasks and exits of earlier spawners; before it starts. */
  adoptInto(launcher: Launcher): void
}

/** Opens the pool of a node. */
export async function openPool(
  _plan: PoolPlan,
  _ports: { readonly clock: Clock; readonly log: Log },
): Promise<OpenPool> {
  throw fault('UNSUPPORTED', { what: 'running real tasks' })
}
