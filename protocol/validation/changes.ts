// Changes to jobs out of unknown JSON, and what a request comes to with them.
import { z } from 'zod'
import type { JobChanges, ModifyRequest, RetryRequest } from '../calls.ts'
import { fault } from '../faults.ts'
import type { JobData, JobRequest } from '../job.ts'
import { limits } from '../limits.ts'
import { isJobState } from '../states.ts'
import { hint } from '../suggest.ts'
import { filterShape } from './filter.ts'
import { checkJobRequest, requestFields } from './job-request.ts'
import { parseAs } from './parse.ts'

/** Of a submission only: who submitted what, and where its output goes. */
const fixedFields = ['array', 'output', 'cwd', 'key', 'parents']
const changeable = [...requestFields.filter((field) => !fixedFields.includes(field)), 'state']

const modifyShape = z.strictObject({
  filter: filterShape,
  changes: z.unknown().transform(readChanges),
  message: z.string().max(limits.descriptionLengthMax).exactOptional(),
  isForced: z.boolean().exactOptional(),
  isReplacing: z.boolean().exactOptional(),
  isDryRun: z.boolean().exactOptional(),
})

const factor = z.number().positive().max(limits.retryFactorMax)

const retryShape = z.strictObject({
  filter: filterShape,
  memoryFactor: factor.exactOptional(),
  timeFactor: factor.exactOptional(),
  isDryRun: z.boolean().exactOptional(),
})

/** The body of a modify. BAD_FIELD names what jobs don't have, with the nearest that they do. */
export function checkModify(value: unknown): ModifyRequest {
  const request = parseAs<ModifyRequest>(modifyShape, value)
  if (Object.keys(request.changes).length > 0) return request
  throw fault('BAD_FIELD', { field: 'changes', what: 'nothing is to be changed' })
}

/** The body of a retry. */
export function checkRetry(value: unknown): RetryRequest {
  return parseAs<RetryRequest>(retryShape, value)
}

/** Known fields; whether a value may be is found out with the request that it becomes part of. */
function readChanges(value: unknown): JobChanges {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw fault('BAD_FIELD', { field: 'changes', what: 'must be an object' })
  }
  for (const [field, each] of Object.entries(value)) {
    if (!changeable.includes(field)) {
      const what = `can't be changed${hint(field, changeable)}`
      throw fault('BAD_FIELD', { field: field.slice(0, 40), what })
    }
    if (field === 'state' && !(typeof each === 'string' && isJobState(each))) {
      throw fault('BAD_FIELD', { field, what: `${JSON.stringify(each)} is no state` })
    }
    if ((field === 'tags' || field === 'data' || field === 'resources') && !isObject(each)) {
      throw fault('BAD_FIELD', { field, what: 'must be an object' })
    }
  }
  // Its keys are known; its values are checked as parts of whole requests.
  return value
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The request after the changes, checked like any; the same object if nothing differs. */
export function changedRequest(
  request: JobRequest,
  changes: JobChanges,
  isReplacing: boolean,
): JobRequest {
  const { state: _state, tags, data, resources, ...plain } = changes
  const changed: JobRequest = { ...request, ...plain, ...program(request, changes) }
  const next: JobRequest = {
    ...changed,
    ...(resources === undefined ? {} : { resources: { ...request.resources, ...resources } }),
    ...(tags === undefined ? {} : { tags: mergedTags(request.tags, tags, isReplacing) }),
    ...(data === undefined ? {} : { data: mergedData(request.data, data, isReplacing) }),
  }
  if (JSON.stringify(next) === JSON.stringify(request)) return request
  const said: Record<string, unknown> = {}
  const kept: Record<string, unknown> = {}
  for (const [field, value] of Object.entries(next)) {
    if (requestFields.includes(field)) said[field] = value
    else kept[field] = value
  }
  // What the daemon noted itself is no field of a submission, and stays.
  const { resources: whole, ...checked } = checkJobRequest(said)
  return { ...checked, resources: { ...next.resources, ...whole }, ...kept }
}

/** A command takes the place of an app, and the other way round. */
function program(request: JobRequest, { application, command }: JobChanges): Partial<JobRequest> {
  if (command !== undefined && application === undefined) {
    return { command, application: null, args: '' }
  }
  if (application !== undefined && command === undefined && request.application === null) {
    return { application, command: null }
  }
  return {}
}

function mergedTags(
  before: JobRequest['tags'],
  changes: Readonly<Record<string, string | null>>,
  isReplacing: boolean,
): Record<string, string> {
  const tags: Record<string, string> = {}
  for (const [name, value] of Object.entries({ ...(isReplacing ? {} : before), ...changes })) {
    if (value !== null) tags[name] = value
  }
  return tags
}

function mergedData(before: JobData | undefined, changes: JobData, isReplacing: boolean): JobData {
  const data: Record<string, unknown> = {}
  for (const [name, value] of Object.entries({ ...(isReplacing ? {} : before), ...changes })) {
    if (value !== null) data[name] = value
  }
  return data
}

/** What changed, in words for the history: short values only. */
export function describeChanges(changes: JobChanges): string {
  return Object.entries(changes)
    .filter(([field]) => field !== 'state')
    .map(([field, value]) => {
      const text = typeof value === 'string' ? value : JSON.stringify(value)
      const isShort = field !== 'data' && text.length <= shownValueMax
      return isShort ? `${field} = ${text}` : field
    })
    .join(', ')
}

/** Characters of a new value that the history shows. */
const shownValueMax = 60
