// What a pool is made of. Types only.
import type { Clock, Log } from '../../../../protocol/ports.ts'
import type { Exit, Started } from '../messages.ts'
import type { SpawnerProgram } from './spawner-process.ts'

/** How a pool is made. */
export interface SpawnerPoolSettings extends SpawnerProgram {
  readonly count: number
  /** Own directory of this launcher's node. It must exist. */
  readonly journalDir: string
  readonly clock: Clock
  readonly log: Log
  /** Running for some ms already; shorter tasks come only with their exit. */
  onStarted(tasks: readonly Started[]): void
  onExited(exits: readonly Exit[]): void
  /** These have not been started and never will be under this token. */
  onWithdrawn(tokens: readonly number[]): void
  /** A spawner died; these may have been started, and are dead now. */
  onSpawnerLost(tokens: readonly number[]): void
}
