// What a request says together with its app: hooks and resources that it leaves to the app are
// written into it, so that it means the same whatever becomes of the app.
// Pure; says which files must be there, and looks at none.
import type { AppSpec, JobRequest, JobResources, SubmittedRequest } from '../../protocol/job.ts'
import { splitWords } from '../../protocol/shell-words.ts'

/** A file that a job needs. */
export interface NamedFile {
  /** What names it: envscript, preprocess, postprocess. */
  readonly field: string
  readonly file: string
}

/** A whole request, and the absolute files that it names. */
interface Resolved {
  readonly request: JobRequest
  readonly files: readonly NamedFile[]
}

const noFiles: readonly NamedFile[] = []

/** The request with its app's defaults. */
export function resolve(request: SubmittedRequest, app: AppSpec | undefined): Resolved {
  const preprocess = request.preprocess ?? app?.preprocess ?? ''
  const postprocess = request.postprocess ?? app?.postprocess ?? ''
  const envscript = app?.envscript ?? ''
  const whole = { ...request, resources: resourcesOf(request, app) }
  if (preprocess === '' && postprocess === '' && envscript === '') {
    return { request: whole, files: noFiles }
  }
  const hooks = {
    ...(preprocess === '' ? {} : { preprocess }),
    ...(postprocess === '' ? {} : { postprocess }),
  }
  const files = [
    { field: 'envscript', file: envscript },
    { field: 'preprocess', file: splitWords(preprocess, 'preprocess')[0] ?? '' },
    { field: 'postprocess', file: splitWords(postprocess, 'postprocess')[0] ?? '' },
  ]
  return {
    request: { ...whole, ...hooks },
    // What is looked for on the PATH or in the working directory is known only when it runs.
    files: files.filter(({ file }) => file.startsWith('/')),
  }
}

function resourcesOf({ resources }: SubmittedRequest, app: AppSpec | undefined): JobResources {
  return { cpus: null, nodePackingCount: 1, ...app?.resources, ...resources }
}
