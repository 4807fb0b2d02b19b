// Jobs and events for the tests of the machines: all combinations of facts, and every event that
// can come.
import {
  type JobContext,
  type JobEvent,
  type JobFacts,
  plainJobEvents,
} from '../../../machines/job.ts'
import { jobStates } from '../../../protocol/states.ts'

/** A job without parents, hooks, stages or retries. */
export const plainFacts: JobFacts = {
  hasStageIn: false,
  hasPreprocess: false,
  hasPostprocess: false,
  hasStageOut: false,
  handlesError: false,
  handlesTimeout: false,
  retriesTimeout: false,
  maxRetries: 0,
}

const flags = [
  'hasStageIn',
  'hasPreprocess',
  'hasPostprocess',
  'hasStageOut',
  'handlesError',
  'handlesTimeout',
  'retriesTimeout',
] as const

/** Every combination of the flags. */
export function everyFacts(maxRetries: number): JobFacts[] {
  return Array.from({ length: 2 ** flags.length }, (_, bits) => ({
    ...plainFacts,
    ...Object.fromEntries(flags.map((flag, index) => [flag, ((bits >> index) & 1) === 1])),
    maxRetries,
  }))
}

/** Events without arguments. */
export const plainEvents: readonly JobEvent[] = plainJobEvents.map((type) => ({ type }))

/** Events that name a state, with every state that they can name. */
export const namingEvents: readonly JobEvent[] = [
  { type: 'HANDLER_DONE', to: null },
  ...jobStates.map((to) => ({ type: 'HANDLER_DONE', to }) as const),
  ...jobStates.map((to) => ({ type: 'FORCE', to }) as const),
]

/** A fresh context. */
export function jobContext(facts: Partial<JobFacts> = {}, attempts = 0, failures = 0): JobContext {
  return { attempts, failures, facts: { ...plainFacts, ...facts } }
}
