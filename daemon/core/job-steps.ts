// What a job needs beside its run: stage-in, preprocess, postprocess or handler, stage-out. Each is
// a step: a lease like that of a run, which takes a hook slot instead of cores. The state in which
// a job rests says which step it waits for.
import { type JobState, stateNumber } from '../../protocol/states.ts'
import type { PlainJobEvent } from './steps.ts'

/** What a step does. */
export type StepKind = 'stageIn' | 'preprocess' | 'postprocess' | 'handler' | 'stageOut'

/** A step and what its job is told of its outcome. */
export interface JobStep {
  readonly kind: StepKind
  readonly done: PlainJobEvent | 'HANDLER_DONE'
  readonly failed: PlainJobEvent
}

const steps = new Map<number, JobStep>()

function define(state: JobState, kind: StepKind, done: JobStep['done'], failed: PlainJobEvent) {
  steps.set(stateNumber(state) ?? -1, { kind, done, failed })
}

define('READY', 'stageIn', 'STAGE_IN_DONE', 'STAGE_IN_FAILED')
define('STAGED_IN', 'preprocess', 'PREPROCESS_DONE', 'PREPROCESS_FAILED')
define('RUN_DONE', 'postprocess', 'POSTPROCESS_DONE', 'POSTPROCESS_FAILED')
define('POSTPROCESSED', 'stageOut', 'STAGE_OUT_DONE', 'STAGE_OUT_FAILED')
define('RUN_TIMEOUT', 'handler', 'HANDLER_DONE', 'HANDLER_FAILED')
define('RUN_ERROR', 'handler', 'HANDLER_DONE', 'HANDLER_FAILED')

/** The step that a job waits for when it rests in this state; undefined where there is none. */
export function stepIn(state: number): JobStep | undefined {
  return steps.get(state)
}

/** True when a job at rest in this state waits for a step. */
export function waitsForStep(state: number): boolean {
  return steps.has(state)
}

/** Every event that is the outcome of a step. */
export const stepOutcomes: readonly string[] = [...steps.values()].flatMap(({ done, failed }) => [
  done,
  failed,
])
