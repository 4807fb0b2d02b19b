// Which jobs are meant: a filter in a JSON body, or in the query of a GET.
// An unknown condition is refused, because a filter that silently means more could kill too much.
import { z } from 'zod'
import { fault } from '../faults.ts'
import type { JobFilter, JobId } from '../job.ts'
import { limits } from '../limits.ts'
import type { JobState } from '../states.ts'
import { isJobState, jobStates } from '../states.ts'
import { parseAs, parseJson } from './parse.ts'
import { tagsShape } from './tags.ts'
import { readWhere } from './where.ts'

const text = z.string().max(limits.pathLengthMax)

const id = z.int().min(1)
const range = z
  .tuple([id, id])
  .readonly()
  .refine(([first, last]) => first <= last, 'ends before it begins')

const plainFilter = z.strictObject({
  ids: z.array(id).max(limits.filterIdsMax).exactOptional(),
  ranges: z.array(range).max(limits.filterIdsMax).exactOptional(),
  name: text.exactOptional(),
  workflow: text.exactOptional(),
  application: text.exactOptional(),
  states: z.array(z.enum(jobStates)).exactOptional(),
  tags: tagsShape.exactOptional(),
  where: z.unknown().exactOptional(),
})

/** A filter in a body. */
export const filterShape: z.ZodType<JobFilter> = plainFilter.transform(
  ({ where, ...filter }): JobFilter =>
    where === undefined ? filter : { ...filter, where: readWhere(where) },
)

/** A filter and a page out of a query. */
export interface JobQuery {
  readonly filter: JobFilter
  readonly after: JobId
  readonly limit: number
}

const known = ['ids', 'name', 'workflow', 'application', 'state', 'tag', 'where', 'after', 'limit']

/**
 * The query of a GET: lists are separated by commas, or the name is repeated. BAD_FIELD for what
 * isn't known.
 */
export function readJobQuery(query: URLSearchParams): JobQuery {
  for (const key of query.keys()) {
    if (!known.includes(key)) throw fault('BAD_FIELD', { field: key, what: 'no such filter' })
  }
  const ids = words(query, 'ids')
  const states = words(query, 'state')
  const filter: JobFilter = {
    ...(ids === null ? {} : readIds(ids)),
    ...(states === null ? {} : { states: states.map(readState) }),
    ...one(query, 'name'),
    ...one(query, 'workflow'),
    ...one(query, 'application'),
    ...(query.has('tag') ? { tags: readTags(query.getAll('tag')) } : {}),
    ...readConditions(query.getAll('where')),
  }
  const limit = integer('limit', query.get('limit') ?? String(limits.pageJobsDefault), 1)
  if (limit > limits.pageJobsMax) {
    throw fault('TOO_MANY', { what: 'jobs of one page', count: limit, max: limits.pageJobsMax })
  }
  return { filter, after: integer('after', query.get('after') ?? '0', 0), limit }
}

function words(query: URLSearchParams, key: string): readonly string[] | null {
  if (!query.has(key)) return null
  return query.getAll(key).flatMap((value) => value.split(',').filter((word) => word !== ''))
}

/** `7,100-200`: single ids and inclusive ranges. */
function readIds(found: readonly string[]): Pick<JobFilter, 'ids' | 'ranges'> {
  const ids: JobId[] = []
  const ranges: [JobId, JobId][] = []
  for (const word of found) {
    const [first, last] = word.split('-', 2)
    const from = integer('ids', first ?? '', 1)
    if (last === undefined) ids.push(from)
    else ranges.push([from, integer('ids', last, from)])
  }
  return ranges.length === 0 ? { ids } : { ids, ranges }
}

/** `k=v`, repeated: all of them. */
function readTags(found: readonly string[]): Record<string, string> {
  const tags: Record<string, string> = {}
  for (const word of found) {
    const at = word.indexOf('=')
    if (at < 1)
      throw fault('BAD_FIELD', { field: 'tag', what: `${word.slice(0, 40)} is no NAME=VALUE` })
    tags[word.slice(0, at)] = word.slice(at + 1)
  }
  return parseAs(tagsShape, tags)
}

/** `where=JSON`, repeated: all of them. */
function readConditions(found: readonly string[]): Pick<JobFilter, 'where'> {
  const parts = found.map((text) => readWhere(parseJson(text)))
  const [first] = parts
  if (first === undefined) return {}
  return { where: parts.length === 1 ? first : { all: parts } }
}

type TextKey = 'name' | 'workflow' | 'application'

function one(query: URLSearchParams, key: TextKey): Pick<JobFilter, TextKey> {
  const values = query.getAll(key)
  if (values.length > 1) throw fault('BAD_FIELD', { field: key, what: 'given twice' })
  const value = values[0]
  return value === undefined ? {} : { [key]: value }
}

function readState(word: string): JobState {
  const state = word.toUpperCase()
  if (!isJobState(state)) throw fault('BAD_FIELD', { field: 'state', what: `${word} is no state` })
  return state
}

/** A whole number of a query or a path, at least `min`. */
export function integer(field: string, word: string, min: number): number {
  const number = /^\d{1,16}$/.test(word) ? Number(word) : Number.NaN
  if (Number.isSafeInteger(number) && number >= min) return number
  throw fault('BAD_FIELD', {
    field,
    what: `${word.slice(0, 40)} is no whole number of at least ${min}`,
  })
}
