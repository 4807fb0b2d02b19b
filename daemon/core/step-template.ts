// From a spec and its app to what a launcher must know to run a step: a hook's command with its log
// and environment, or what is to be copied. One for each job, since parents may be a job's own.
import type { StepPlan, TaskTemplate } from '../../protocol/frames.ts'
import { limits } from '../../protocol/limits.ts'
import { splitWords } from '../../protocol/shell-words.ts'
import { stateOf } from '../../protocol/states.ts'
import { stepIn } from './job-steps.ts'
import type { OpenJob } from './open-job.ts'
import type { ParsedSpec } from './spec-cache.ts'
import { appOf, type TemplateSite, templateOf } from './template.ts'

/** How long steps may take. */
export interface StepTimes {
  readonly hookMs: number
  readonly stageMs: number
}

/** Above every template of a spec: a step's template is that of one job. */
const stepTemplateBase = 2 ** 48

/** The template of the step that the job has been leased for. */
export function stepTemplateOf(
  site: TemplateSite,
  spec: ParsedSpec,
  job: Pick<OpenJob, 'id' | 'step'>,
  times: StepTimes,
): TaskTemplate {
  const run = templateOf(site, spec, 0)
  const { argv, step } = planOf(site, spec, job.step, times)
  return {
    ...run,
    templateId: stepTemplateId(job.id),
    argv,
    environment: { ...run.environment, ...flagsOf(job.step) },
    envscript: '',
    step,
  }
}

/** Template of a job's step. */
export function stepTemplateId(id: number): number {
  return stepTemplateBase + id
}

function flagsOf(state: number): Readonly<Record<string, string>> {
  const name = stateOf(state)
  if (name === 'RUN_TIMEOUT') return { BALSAM_JOB_TIMEOUT: 'TRUE' }
  return name === 'RUN_ERROR' ? { BALSAM_JOB_ERROR: 'TRUE' } : {}
}

function planOf(
  site: TemplateSite,
  { request }: ParsedSpec,
  state: number,
  times: StepTimes,
): { readonly argv: string[]; readonly step: StepPlan } {
  const kind = stepIn(state)?.kind
  if (kind === 'stageIn') {
    const { stageInUrl: url = '', inputFiles = [] } = request
    const step = { kind, url, globs: inputFiles, parents: [], timeoutMs: times.stageMs }
    return { argv: ['stage-in'], step }
  }
  if (kind === 'stageOut') {
    const { stageOutUrl: url = '', stageOutFiles: globs = [] } = request
    return { argv: ['stage-out'], step: { kind, url, globs, timeoutMs: times.stageMs } }
  }
  const app = appOf(site, request)
  const isBefore = kind === 'preprocess'
  const own = isBefore ? request.preprocess : request.postprocess
  const command = own ?? (isBefore ? app?.preprocess : app?.postprocess) ?? ''
  const title = isBefore ? 'Preprocessor' : 'Postprocessor'
  const cause = kind === 'handler' ? `# Invoked to handle ${stateOf(state)}\n` : ''
  // A hook that has been taken away since: nothing is to be done.
  const argv = splitWords(command, isBefore ? 'preprocess' : 'postprocess')
  return {
    argv: argv.length === 0 ? ['true'] : argv,
    step: {
      kind: 'hook',
      log: isBefore ? 'preprocess.log' : 'postprocess.log',
      header: `# Balsam ${title}: ${command}\n${cause}`,
      tailLines: isBefore ? limits.preprocessTailLines : limits.postprocessTailLines,
      timeoutMs: times.hookMs,
    },
  }
}
