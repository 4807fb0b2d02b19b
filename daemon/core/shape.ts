// What makes jobs alike for placement, and how much of a node one takes.
// Pure; never looks at what runs.
import type { JobFacts } from '../../machines/job.ts'
import type { JobRequest } from '../../protocol/job.ts'
import type { SpanShape } from '../store/rows.ts'

/** Rounding slack when cores are shares: Balsam's 1.0001 of a node, in cores. */
export const coreSlack = 1e-4

/** The shape of the jobs of a request. */
export function shapeOf(request: JobRequest): SpanShape {
  return {
    workflow: request.workflow,
    priority: request.priority,
    cpus: request.resources.cpus,
    packing: request.resources.nodePackingCount,
    wallMinutes: request.wallTimeMinutes,
    facts: JSON.stringify(factsOf(request)),
  }
}

/** What a job's spec says about its way: only what is not as in a plain job. */
export interface ShapeFacts extends Partial<JobFacts> {
  /** Which failures its retries are for. */
  readonly retryOn?: readonly string[]
  readonly app?: string
}

function factsOf(request: JobRequest): ShapeFacts {
  const { maxRetries, application, retryOn = [] } = request
  return {
    maxRetries,
    ...(isSaid(request.stageInUrl) || isSaid(request.inputFiles) ? { hasStageIn: true } : {}),
    ...(isSaid(request.preprocess) ? { hasPreprocess: true } : {}),
    ...(isSaid(request.postprocess) ? { hasPostprocess: true } : {}),
    ...(isSaid(request.stageOutUrl) && isSaid(request.stageOutFiles) ? { hasStageOut: true } : {}),
    ...(request.postErrorHandler === true ? { handlesError: true } : {}),
    ...(request.postTimeoutHandler === true ? { handlesTimeout: true } : {}),
    ...(request.autoTimeoutRetry === false ? { retriesTimeout: false } : {}),
    ...(retryOn.length > 0 ? { retryOn } : {}),
    ...(application === null ? {} : { app: application }),
  }
}

function isSaid(value: string | readonly string[] | undefined): boolean {
  return value !== undefined && value.length > 0
}

/** Equal keys = jobs that may share a span and a queue. */
export function shapeKey(shape: SpanShape): string {
  return JSON.stringify([
    shape.workflow,
    shape.priority,
    shape.cpus,
    shape.packing,
    shape.wallMinutes,
    shape.facts,
  ])
}

/** Cores that one job takes of a node with this many cores; a share may be a fraction. */
export function footprint(shape: Pick<SpanShape, 'cpus' | 'packing'>, nodeCpus: number): number {
  return shape.cpus ?? nodeCpus / shape.packing
}
