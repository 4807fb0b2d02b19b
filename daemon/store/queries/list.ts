// A page of jobs in order of id, rows and spans alike, and how many match in all.
// Must never read more than the page needs, however many jobs there are.
import type { JobId } from '../../../protocol/job.ts'
import type { SqlQuery } from '../../../protocol/ports.ts'
import { specOf } from '../columns.ts'
import type { SpecRow } from '../rows.ts'
import { numberOf, sql } from '../sql.ts'
import type { ListedJob, ListedPage } from '../store.ts'
import { breakdownOf, isRare, totalOf } from './counts.ts'
import { everything, rangesOf, type Wanted, type Window } from './filter.ts'
import { type Parts, partsByRange, partsByState } from './parts.ts'

/** A page's job before its spec is known. */
type Found = Omit<ListedJob, 'spec'>

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

/** Goes through the ranges of the filter in growing steps until the page is full. */
async function walkRanges(
  all: SqlQuery,
  want: Wanted,
  after: JobId,
  limit: number,
): Promise<Found[]> {
  const found: Found[] = []
  let from = after + 1
  for (let step = limit; ; step = Math.min(step * 4, stepMax)) {
    const end = await stepEnd(all, want, from, step)
    const window: Window = { from, to: end ?? everything.to }
    const missing = limit - found.length
    found.push(...merged(await partsByRange(all, want, window, missing), missing))
    if (end === null || found.length >= limit) return found
    from = end + 1
  }
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
  const specs = await specsCovering(
    all,
    found.map((each) => each.id),
  )
  const jobs: ListedJob[] = []
  let next = 0
  for (const each of found) {
    while ((specs[next]?.hi ?? Number.POSITIVE_INFINITY) < each.id) next += 1
    const spec = specs[next]
    if (spec === undefined || spec.lo > each.id) throw new Error(`job ${each.id} has no spec`)
    jobs.push({ id: each.id, spec, row: each.row, span: each.span })
  }
  return jobs
}

/** The page of matching jobs with ids above `after`. */
export async function listPage(
  all: SqlQuery,
  want: Wanted,
  after: JobId,
  limit: number,
): Promise<ListedPage> {
  const total = totalOf(await breakdownOf(all, want))
  if (total === 0) return { jobs: [], total, next: null }
  const hasSpecs = want.isBySpec || want.workflow !== null
  const isByState = !hasSpecs || (await isRare(all, want))
  // One more than the page, to know whether there is a next one.
  const found = isByState
    ? merged(
        await partsByState(all, want, { ...everything, from: after + 1 }, limit + 1),
        limit + 1,
      )
    : await walkRanges(all, want, after, limit + 1)
  const page = found.slice(0, limit)
  const next = found.length > limit ? (page.at(-1)?.id ?? null) : null
  return { jobs: await withSpecs(all, page), total, next }
}
