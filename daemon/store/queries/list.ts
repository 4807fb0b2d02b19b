// A page of jobs in order of id, rows and spans alike, and how many match in all.
// Must never read more than the page needs, however many jobs there are.
import type { JobId } from '../../../protocol/job.ts'
import type { SqlQuery } from '../../../protocol/ports.ts'
import { specOf } from '../columns.ts'
import type { SpecRow } from '../rows.ts'
import { numberOf, sql, textOf } from '../sql.ts'
import type { ListedJob, ListedPage } from '../store.ts'
import { breakdownOf, isByRange, isRare, totalOf } from './counts.ts'
import { everything, rangesOf, type Wanted, type Window } from './filter.ts'
import { orderedPage } from './ordered.ts'
import { finished, type Parts, partsByRange, partsByState } from './parts.ts'
import { matchingParts, planOf } from './where-parts.ts'

/** A page's job before its spec is known. */
export type Found = Omit<ListedJob, 'spec'>

/** Ranges looked at in one step at most, however few of their jobs match. */
const stepMax = 65_536

/** Rows and ids of pieces merged in order of id, `limit` at most. */
function merged({ rows, pieces }: Parts, limit: number): Found[] {
  const found: Found[] = []
  let nextRow = 0
  const takeRowsBefore = (id: JobId): void => {
    for (let row = rows[nextRow]; row !== undefined && row.id < id; row = rows[nextRow]) {
      if (found.length >= limit) return
      found.push({ id: row.id, row, span: null })
      nextRow += 1
    }
  }
  for (const { lo, hi, span } of pieces) {
    takeRowsBefore(lo)
    for (let id = lo; id <= hi && found.length < limit; id += 1) found.push({ id, row: null, span })
    if (found.length >= limit) return found
  }
  takeRowsBefore(Number.POSITIVE_INFINITY)
  return found
}

/** The last `hi` of the next `count` ranges, or null when these are all. */
async function stepEnd(
  all: SqlQuery,
  want: Wanted,
  from: JobId,
  count: number,
): Promise<JobId | null> {
  const ranges = rangesOf(want, { ...everything, from })
  const query = sql`SELECT hi FROM (${ranges}) ORDER BY hi LIMIT 1 OFFSET ${count - 1}`
  const [row] = await all(query.sql, query.params)
  return row === undefined ? null : numberOf(row, 'hi')
}

/** The last id of the next `count` specs, or null when these are all. */
async function specStepEnd(all: SqlQuery, from: JobId, count: number): Promise<JobId | null> {
  const query = sql`SELECT hi FROM spec
    WHERE lo >= coalesce((SELECT max(lo) FROM spec WHERE lo <= ${from}), 0)
    ORDER BY lo LIMIT 1 OFFSET ${count}`
  const [row] = await all(query.sql, query.params)
  return row === undefined ? null : numberOf(row, 'hi')
}

/** Reads up to so many matching jobs of a window. */
type ReadWindow = (window: Window, limit: number) => Promise<Parts>

/** Goes on in growing steps until the page is full; `stepEnd` says where a step ends. */
async function walk(
  after: JobId,
  limit: number,
  stepEnd: (from: JobId, count: number) => Promise<JobId | null>,
  read: ReadWindow,
): Promise<Found[]> {
  const found: Found[] = []
  let from = after + 1
  for (let step = limit; ; step = Math.min(step * 4, stepMax)) {
    const end = await stepEnd(from, step)
    const window: Window = { from, to: end ?? everything.to }
    const missing = limit - found.length
    found.push(...merged(await read(window, missing), missing))
    if (end === null || found.length >= limit) return found
    from = end + 1
  }
}

/** A page of a filter that no index answers. */
async function wherePage(
  all: SqlQuery,
  want: Wanted,
  after: JobId,
  limit: number,
): Promise<Found[]> {
  const byRange = await isByRange(all, want)
  const read: ReadWindow = (window, count) =>
    matchingParts(all, planOf(want, window, byRange), count)
  if (byRange) {
    return walk(after, limit, (from, count) => stepEnd(all, want, from, count), read)
  }
  // Through the index by state all at once; without it, by as many specs as may fill the page.
  const isIndexed = want.states !== null && !want.states.includes(finished)
  const whole = async (): Promise<null> => null
  const bySpecs = (from: JobId, count: number): Promise<JobId | null> =>
    specStepEnd(all, from, count)
  return walk(after, limit, isIndexed ? whole : bySpecs, read)
}

/** The specs that cover these ascending ids, each once, in order. */
export async function specsCovering(
  all: SqlQuery,
  ids: readonly JobId[],
): Promise<Omit<SpecRow, 'body'>[]> {
  const ranges: [JobId, JobId][] = []
  for (const id of ids) {
    const last = ranges.at(-1)
    if (last !== undefined && last[1] + 1 >= id) last[1] = id
    else ranges.push([id, id])
  }
  const query = sql`SELECT DISTINCT s.* FROM json_each(${JSON.stringify(ranges)}) e
    CROSS JOIN spec s ON s.lo BETWEEN
      coalesce((SELECT max(lo) FROM spec WHERE lo <= e.value ->> 0), 0) AND e.value ->> 1
    WHERE s.hi >= e.value ->> 0 ORDER BY s.lo`
  return (await all(query.sql, query.params)).map(specOf)
}

async function withSpecs(all: SqlQuery, found: readonly Found[]): Promise<ListedJob[]> {
  const sorted = found.toSorted((one, other) => one.id - other.id)
  const specs = await specsCovering(
    all,
    sorted.map((each) => each.id),
  )
  const specOfJob = new Map<JobId, Omit<SpecRow, 'body'>>()
  let next = 0
  for (const { id } of sorted) {
    while ((specs[next]?.hi ?? Number.POSITIVE_INFINITY) < id) next += 1
    const spec = specs[next]
    if (spec === undefined || spec.lo > id) throw new Error(`job ${id} has no spec`)
    specOfJob.set(id, spec)
  }
  return found.flatMap(({ id, row, span }) => {
    const spec = specOfJob.get(id)
    return spec === undefined ? [] : [{ id, spec, row, span }]
  })
}

/** What of the matching jobs is asked for. */
export interface PageAsked {
  readonly after: JobId
  readonly limit: number
  /** Columns; absent: by id, from `after` on. */
  readonly order?: readonly string[]
  readonly offset?: number
  /** How many match in all, when that is known already. */
  readonly total?: number
  readonly withBodies?: boolean
}

/** The page of matching jobs with ids above `after`, or from `offset` on. */
export async function listPage(all: SqlQuery, want: Wanted, asked: PageAsked): Promise<ListedPage> {
  const { limit } = asked
  const total = asked.total ?? totalOf(await breakdownOf(all, want))
  if (total === 0) return { jobs: [], total, next: null }
  const isOrdered = asked.order !== undefined || asked.offset !== undefined
  // One more than the page, to know whether there is a next one.
  const found = isOrdered
    ? await orderedPage(all, want, asked.order ?? [], asked.offset ?? 0, limit)
    : await pageById(all, want, asked.after, limit + 1)
  const page = found.slice(0, limit)
  const next = found.length > limit ? (page.at(-1)?.id ?? null) : null
  const jobs = await withSpecs(all, page)
  return { jobs: asked.withBodies === true ? await withBodies(all, jobs) : jobs, total, next }
}

async function pageById(
  all: SqlQuery,
  want: Wanted,
  after: JobId,
  limit: number,
): Promise<Found[]> {
  if (want.where !== null) return wherePage(all, want, after, limit)
  const hasSpecs = want.isBySpec || want.workflow !== null
  const isByState = !hasSpecs || (await isRare(all, want))
  if (isByState) {
    const window = { ...everything, from: after + 1 }
    return merged(await partsByState(all, want, window, limit), limit)
  }
  return walk(
    after,
    limit,
    (from, count) => stepEnd(all, want, from, count),
    (window, count) => partsByRange(all, want, window, count),
  )
}

async function withBodies(all: SqlQuery, jobs: readonly ListedJob[]): Promise<ListedJob[]> {
  const los = [...new Set(jobs.map(({ spec }) => spec.lo))]
  const query = sql`SELECT b.lo, b.body FROM json_each(${JSON.stringify(los)}) e
    CROSS JOIN spec_body b ON b.lo = e.value`
  const bodies = new Map<JobId, string>()
  for (const row of await all(query.sql, query.params))
    bodies.set(numberOf(row, 'lo'), textOf(row, 'body'))
  return jobs.map((job) => ({ ...job, body: bodies.get(job.spec.lo) ?? '{}' }))
}
