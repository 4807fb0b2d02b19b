// From a spec and its app to what a launcher must know to run the task, and to what `show` prints.
// The app is looked up at the moment of sending, so that a changed app is seen.
import { join } from 'node:path'
import type { TaskTemplate } from '../../protocol/frames.ts'
import type { AppSpec, JobId, JobRequest } from '../../protocol/job.ts'
import { splitWords } from '../../protocol/shell-words.ts'
import { siteLayout } from '../../protocol/site-files.ts'
import type { ParsedSpec } from './spec-cache.ts'

/** What a template needs to know of its site. */
export interface TemplateSite {
  readonly siteDirectory: string
  app(name: string): AppSpec | undefined
}

/** The template of a spec's tasks; `cpus` are the cores that one of them holds. */
export function templateOf(site: TemplateSite, spec: ParsedSpec, cpus: number): TaskTemplate {
  const { request } = spec
  const app = appOf(site, request)
  const argv = argvOf(request, app)
  return {
    templateId: spec.lo,
    name: request.name,
    // Where there is nothing to run that is an error of the task, and told as such.
    argv: argv.length === 0 ? [''] : argv,
    environment: environmentOf(request, app),
    envscript: app?.envscript ?? '',
    cpus,
    arrayOffset: request.array === null ? null : spec.lo - request.array.first,
    ...placeOf(site, request),
    output: outputOf(request),
    ...(request.python === undefined ? {} : { python: request.python }),
  }
}

/** What a job's own and its app's variables come to; what the user sets wins. */
function environmentOf(request: JobRequest, app: AppSpec | undefined): Record<string, string> {
  const threads = request.resources.threadsPerRank ?? 1
  return {
    ...(threads > 1 ? { OMP_NUM_THREADS: String(threads) } : {}),
    ...app?.environment,
    ...request.environment,
    BALSAM_WORKFLOW: request.workflow,
  }
}

function placeOf(
  site: TemplateSite,
  request: JobRequest,
): Pick<TaskTemplate, 'workdirRoot' | 'cwd' | 'isCwdMade'> {
  const { output, cwd, userWorkdir = '' } = request
  if (userWorkdir !== '') return { workdirRoot: null, cwd: userWorkdir, isCwdMade: true }
  return { workdirRoot: output.to === 'workdir' ? workdirRoot(site, request) : null, cwd }
}

/** The argument vector before `{i}` is filled in. An app that is gone leaves nothing to run. */
export function argvOf(request: JobRequest, app: AppSpec | undefined): string[] {
  if (request.command !== null) return [...request.command]
  // For people: the worker that serves it was started so.
  if (request.python !== undefined) return [request.python.interpreter, '-m', 'balsam.worker']
  const executable = splitWords(app?.executable ?? '', 'executable')
  return [...executable, ...splitWords(request.args, 'args')]
}

/** The app of a request, when it has one that still exists. */
export function appOf(site: TemplateSite, request: JobRequest): AppSpec | undefined {
  return request.application === null ? undefined : site.app(request.application)
}

/**
 * Where the working directories of a request's workflow lie. Blanks become `_`, as in Balsam 0.3.
 */
function workdirRoot(site: TemplateSite, request: JobRequest): string {
  return join(site.siteDirectory, siteLayout.data, pathName(request.workflow))
}

/** Where a job named so runs. */
export function workdirOf(
  site: TemplateSite,
  request: JobRequest,
  name: string,
  id: JobId,
): string {
  const { workdirRoot: root, cwd } = placeOf(site, request)
  return root === null ? cwd : join(root, `${pathName(name)}_${id}`)
}

/** Name of a job: an array element carries its index. */
export function jobName(request: Pick<JobRequest, 'name' | 'array'>, lo: JobId, id: JobId): string {
  return request.array === null ? request.name : `${request.name}-${request.array.first + id - lo}`
}

/** A name as a path component. */
function pathName(name: string): string {
  return name.replaceAll(/\s/g, '_')
}

function outputOf(request: JobRequest): TaskTemplate['output'] {
  const { output } = request
  if (output.to === 'workdir') return 'workdir'
  return output.to === 'none' ? null : { file: output.file }
}
