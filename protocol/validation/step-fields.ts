// The fields of a job about hooks, transfers, retries and its directory: shapes and rules, shared
// by submissions and changes. Plain checks after zod, because they run for each line of a
// submission.
import { z } from 'zod'
import { fault } from '../faults.ts'
import type { JobRequest } from '../job.ts'
import { limits } from '../limits.ts'
import { retryWord } from '../retry-words.ts'
import { splitWords } from '../shell-words.ts'
import { checkText, checkWords } from './text.ts'

const text = z.string().max(limits.argsBytesMax)
const url = z.string().max(limits.pathLengthMax)
const globs = z.array(z.string().min(1).max(limits.pathLengthMax)).max(limits.globsMax)

/** Shapes of the fields; an absent one means its default. */
export const stepFields = {
  inputFiles: globs.exactOptional(),
  stageInUrl: url.exactOptional(),
  stageOutUrl: url.exactOptional(),
  stageOutFiles: globs.exactOptional(),
  preprocess: text.exactOptional(),
  postprocess: text.exactOptional(),
  postErrorHandler: z.boolean().exactOptional(),
  postTimeoutHandler: z.boolean().exactOptional(),
  autoTimeoutRetry: z.boolean().exactOptional(),
  retryOn: z.array(z.string()).max(limits.retryWordsMax).exactOptional(),
  userWorkdir: z.string().exactOptional(),
}

/** The fields themselves. */
export type StepFields = Partial<Pick<JobRequest, keyof typeof stepFields>>

/** BAD_FIELD, BAD_QUOTING … for what no job can have. */
export function checkStepFields(fields: StepFields): void {
  if (fields.preprocess !== undefined) checkHook('preprocess', fields.preprocess)
  if (fields.postprocess !== undefined) checkHook('postprocess', fields.postprocess)
  if (fields.retryOn !== undefined) checkRetryWords(fields.retryOn)
  if (fields.stageInUrl !== undefined) checkUrl('stageInUrl', fields.stageInUrl)
  if (fields.stageOutUrl !== undefined) checkUrl('stageOutUrl', fields.stageOutUrl)
  if (fields.inputFiles !== undefined) checkGlobs('inputFiles', fields.inputFiles)
  if (fields.stageOutFiles !== undefined) checkGlobs('stageOutFiles', fields.stageOutFiles)
  const { userWorkdir = '' } = fields
  if (userWorkdir === '') return
  checkText('userWorkdir', userWorkdir)
  if (!userWorkdir.startsWith('/') || userWorkdir.length > limits.pathLengthMax) {
    throw fault('BAD_FIELD', { field: 'userWorkdir', what: 'must be an absolute path' })
  }
}

/** A hook's command: quoted as a shell would read it, though none does. */
export function checkHook(field: string, command: string): void {
  checkWords(field, splitWords(command, field))
}

function checkRetryWords(words: readonly string[]): void {
  for (const word of words) {
    if (retryWord.test(word)) continue
    throw fault('BAD_FIELD', {
      field: 'retryOn',
      what:
        `${JSON.stringify(word)} is none of any, exit, exit:N, exit:N-M, ` +
        'signal, signal:NAME, start',
    })
  }
}

const urlWay = /^(?:(?:local|file):(?:\/\/(?:localhost)?)?)?\/(?!\/)/

function checkUrl(field: string, value: string): void {
  if (value === '') return
  checkText(field, value)
  if (urlWay.test(value)) return
  const scheme = /^[a-z][a-z0-9+.-]*:/i.exec(value)?.[0]
  const isKnown = scheme === undefined || scheme === 'local:' || scheme === 'file:'
  const what = isKnown
    ? 'must be local:/PATH or file:/PATH'
    : `${scheme} is not known here; only local: and file: with an absolute path are`
  throw fault('BAD_FIELD', { field, what })
}

/** A glob that leaves the directory could link anything into a job. */
function checkGlobs(field: string, found: readonly string[]): void {
  for (const glob of found) {
    checkText(field, glob)
    if (!glob.startsWith('/') && !glob.split('/').includes('..')) continue
    throw fault('BAD_FIELD', { field, what: `${JSON.stringify(glob)} leaves the directory` })
  }
}
