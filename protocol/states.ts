// The fourteen public job states of Balsam 0.3, their groups and how a terminal shows them.
// Vocabulary only: which state follows which is decided by machines/job, never here.

/**
 * Every public job state, in the order in which a job meets them.
 * Index = number on the wire and in the store.
 */
export const jobStates = [
  'CREATED',
  'AWAITING_PARENTS',
  'READY',
  'STAGED_IN',
  'PREPROCESSED',
  'RUNNING',
  'RUN_DONE',
  'POSTPROCESSED',
  'JOB_FINISHED',
  'RUN_TIMEOUT',
  'RUN_ERROR',
  'RESTART_READY',
  'FAILED',
  'USER_KILLED',
] as const

/** A public job state. */
export type JobState = (typeof jobStates)[number]

/** States in which a launcher may take the job. */
export const runnableStates: readonly JobState[] = ['PREPROCESSED', 'RESTART_READY']

/** States that a job does not leave by itself; retry and a forced modify still can. */
export const endStates: readonly JobState[] = ['JOB_FINISHED', 'FAILED', 'USER_KILLED']

/** States that the daemon moves on from by itself (Balsam's PROCESSABLE). */
export const processableStates: readonly JobState[] = [
  'CREATED',
  'AWAITING_PARENTS',
  'READY',
  'STAGED_IN',
  'RUN_DONE',
  'POSTPROCESSED',
  'RUN_TIMEOUT',
  'RUN_ERROR',
]

const numbers: ReadonlyMap<string, number> = new Map(
  jobStates.map((state, index) => [state, index]),
)

/** The number of a state on the wire and in the store; undefined for a word that is no state. */
export function stateNumber(state: string): number | undefined {
  return numbers.get(state)
}

/** The state with this number. Throws a RangeError for a number that is no state. */
export function stateOf(number: number): JobState {
  const state = jobStates[number]
  if (state === undefined) throw new RangeError(`no job state has the number ${number}`)
  return state
}

/** True for a word that names a public job state. */
export function isJobState(word: string): word is JobState {
  return numbers.has(word)
}

/** True when the job has come to one of its ends. */
export function isEndState(state: JobState): boolean {
  return endStates.includes(state)
}
