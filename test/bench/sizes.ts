// How much is measured: the full run's sizes are those of the goals; --quick ends in two minutes.
// Must not shrink anything that a goal speaks of absolutely (a queue of 100,000 stays one).

export interface Sizes {
  /** Real processes of one repetition of Balsam and of the C loop. */
  readonly tasks: number
  readonly repeats: number
  readonly peerTasks: number
  readonly peerRepeats: number
  readonly shellTasks: number
  /** Tasks that end at once without a process: one launcher, and 48. */
  readonly noExecTasks: number
  readonly noExecTasksMany: number
  readonly hops: number
  readonly hopRepeats: number
  readonly singles: number
  readonly submissions: number
  readonly pages: number
  readonly restarts: number
  readonly idleSeconds: number
  /** Largest queue of different jobs; the largest array is always 10⁶. */
  readonly differentQueuedMax: number
}

const full: Sizes = {
  tasks: 10_000,
  repeats: 5,
  peerTasks: 10_000,
  peerRepeats: 3,
  shellTasks: 2_000,
  noExecTasks: 100_000,
  noExecTasksMany: 200_000,
  hops: 200,
  hopRepeats: 5,
  singles: 20,
  submissions: 5,
  pages: 5,
  restarts: 5,
  idleSeconds: 30,
  differentQueuedMax: 1_000_000,
}

const quick: Sizes = {
  tasks: 2_000,
  repeats: 3,
  peerTasks: 1_000,
  peerRepeats: 1,
  shellTasks: 1_000,
  noExecTasks: 50_000,
  noExecTasksMany: 100_000,
  hops: 100,
  hopRepeats: 1,
  singles: 10,
  submissions: 3,
  pages: 3,
  restarts: 1,
  idleSeconds: 10,
  differentQueuedMax: 100_000,
}

/** The sizes of a mode. */
export function sizesOf(isQuick: boolean): Sizes {
  return isQuick ? quick : full
}
