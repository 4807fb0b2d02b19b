// Templates that are one job's own: of a step (a hook's command with its log and environment, or
// what is to be copied), and of a run that is told of its parents.
import type { StepPlan, TaskTemplate } from '../../protocol/frames.ts'
import { limits } from '../../protocol/limits.ts'
import { splitWords } from '../../protocol/shell-words.ts'
import { stateOf } from '../../protocol/states.ts'
import { stepIn } from './job-steps.ts'
import type { OpenJob } from './open-job.ts'
import type { ParsedSpec } from './spec-cache.ts'
import { appOf, type TemplateSite, templateOf } from './template.ts'
import type { JobParents } from './turn-parents.ts'

/** How long steps may take. */
export interface StepTimes {
  readonly hookMs: number
  readonly stageMs: number
}

/** Above every template of a spec. */
const ownTemplateBase = 2 ** 48

/** The template of what the job has been leased for. */
export function ownTemplateOf(
  site: TemplateSite,
  spec: ParsedSpec,
  job: Pick<OpenJob, 'id' | 'step' | 'cpus'>,
  times: StepTimes,
  parents: JobParents | undefined,
): TaskTemplate {
  const templateId = ownTemplateId(job)
  const known = templateOf(site, spec, job.step === 0 ? job.cpus : 0)
  const run = { ...known, templateId, environment: { ...known.environment, ...kinOf(parents) } }
  if (job.step === 0) return run
  const { python: _, ...rest } = run
  const { argv, step } = planOf(site, spec, job.step, times, parents)
  return {
    ...rest,
    argv,
    environment: { ...run.environment, ...flagsOf(job.step) },
    envscript: '',
    step,
  }
}

/** Number of the template of a job's step or run. */
export function ownTemplateId({ id, step }: Pick<OpenJob, 'id' | 'step'>): number {
  return ownTemplateBase * (step === 0 ? 2 : 1) + id
}

function kinOf(parents: JobParents | undefined): Readonly<Record<string, string>> {
  const { ids, total } = parents ?? { ids: [], total: 0 }
  return { BALSAM_PARENT_IDS: JSON.stringify(ids), BALSAM_PARENTS_TOTAL: String(total) }
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
  parents: JobParents | undefined,
): { readonly argv: string[]; readonly step: StepPlan } {
  const kind = stepIn(state)?.kind
  if (kind === 'stageIn') {
    const { stageInUrl: url = '', inputFiles = [] } = request
    const directories = [...(parents?.directories ?? [])]
    const places = { parents: directories, parentsTotal: parents?.total ?? 0 }
    const step = { kind, url, globs: inputFiles, ...places, timeoutMs: times.stageMs }
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
