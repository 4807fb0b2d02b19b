// A task that runs.
import type { Task } from './messages.ts'

/** In place of a start time: such a process is known by its marker alone. */
export const startTimeUnknown = 0

/** A task whose process has been started and not reaped. */
export interface Running {
  readonly task: Task
  pid: number
  /** Field 22 of /proc/PID/stat, which with the pid names one process; or startTimeUnknown. */
  startTime: number
  /** Wall clock, ms. */
  startedAtMs: number
  /** The launcher asked for its end. */
  isKilled: boolean
  /** What for, when that is to be told. */
  killReason: string | null
  /** It is a hook that took too long. */
  isOverdue: boolean
}
