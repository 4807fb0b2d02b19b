// What a kind of spawner must be able to do. Types only.
import type { Marked } from './processes.ts'
import type { Running } from './running.ts'

/** How a kind of spawner starts and signals. */
export interface Backend {
  /** A base environment that tasks will name. */
  environment(id: number, env: Readonly<Record<string, string>>): void
  /** Starts it now, fills in pid and startTime; returns why it could not ('ENOENT: …'), or null. */
  start(running: Running): string | null
  /** Signals the whole group of a task that has not been reaped. */
  signal(running: Running, signal: number): void
  /** Kills what is left of the group of a leader that has been reaped. */
  killGroup(pid: number): void
  /** Signals all processes with one of these task markers, outside these groups; returns them. */
  signalMarked(
    markers: ReadonlySet<string>,
    signal: number,
    exceptGroups: ReadonlySet<number>,
  ): readonly Marked[]
}

/** What is known of an end when the leader has been reaped. */
export interface Ending {
  readonly code: number | null
  readonly signal: number | null
  readonly userMs: number
  readonly systemMs: number
  readonly maxRssKiB: number
  readonly isRssBelow: boolean
  /** Something of its group was still there. */
  readonly hasLeftovers: boolean
  /** Why it did not start after all, where that is only heard later. */
  readonly error?: string
}
