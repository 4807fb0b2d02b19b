// One job with its whole spec, and the specs of some ids.
// Must never guess: an id without a row and without a span is no job.
import type { JobId } from '../../../protocol/job.ts'
import type { SqlQuery } from '../../../protocol/ports.ts'
import { jobOf, listedSpanColumns, spanOf, specOf } from '../columns.ts'
import type { JobRow, SpecRow } from '../rows.ts'
import { sql, textOf } from '../sql.ts'
import type { ListedJob } from '../store.ts'
import { stateCondition } from './filter.ts'

/** The job with this id. */
export async function findJob(
  all: SqlQuery,
  id: JobId,
): Promise<(ListedJob & { readonly body: string }) | null> {
  const [row] = await all('SELECT * FROM job WHERE id = ?', [id])
  const [span] =
    row === undefined
      ? await all(
          `SELECT ${listedSpanColumns} FROM (SELECT * FROM span WHERE lo <= ?1
            ORDER BY lo DESC LIMIT 1) p WHERE hi >= ?1`,
          [id],
        )
      : []
  if (row === undefined && span === undefined) return null
  const [spec] = await specsWithBodies(all, [id])
  if (spec === undefined) throw new Error(`job ${id} has no spec`)
  const { body, ...head } = spec
  return {
    id,
    spec: head,
    body,
    row: row === undefined ? null : jobOf(row),
    span: span === undefined ? null : spanOf(span),
  }
}

/** The specs that cover these ids, each once, in order of lo. */
export async function specsWithBodies(all: SqlQuery, ids: readonly JobId[]): Promise<SpecRow[]> {
  if (ids.length === 0) return []
  const query = sql`SELECT s.*, b.body FROM spec s CROSS JOIN spec_body b ON b.lo = s.lo
    WHERE s.lo IN (SELECT (SELECT max(lo) FROM spec WHERE lo <= e.value)
      FROM json_each(${JSON.stringify(ids)}) e)
    ORDER BY s.lo`
  const rows = await all(query.sql, query.params)
  const specs = rows.map((row) => ({ ...specOf(row), body: textOf(row, 'body') }))
  // The last spec before an id need not reach it.
  const sorted = [...ids].sort((a, b) => a - b)
  return specs.filter((spec) => reachesOne(spec, sorted))
}

/** Specs that reach into these ascending ranges, in order of lo, at most `limit`. */
export async function specsIn(
  all: SqlQuery,
  ranges: readonly (readonly [first: JobId, last: JobId])[],
  limit: number,
): Promise<SpecRow[]> {
  const query = sql`SELECT DISTINCT s.*, b.body FROM json_each(${JSON.stringify(ranges)}) e
    CROSS JOIN spec s ON s.lo BETWEEN
      coalesce((SELECT max(lo) FROM spec WHERE lo <= e.value ->> 0), 0) AND e.value ->> 1
    CROSS JOIN spec_body b ON b.lo = s.lo
    WHERE s.hi >= e.value ->> 0 ORDER BY s.lo LIMIT ${limit}`
  const rows = await all(query.sql, query.params)
  return rows.map((row) => ({ ...specOf(row), body: textOf(row, 'body') }))
}

/** Rows of jobs in these states within these ranges, in order of id, at most `limit`. */
export async function rowsIn(
  all: SqlQuery,
  ranges: readonly (readonly [first: JobId, last: JobId])[],
  states: readonly number[],
  limit: number,
): Promise<JobRow[]> {
  const query = sql`SELECT j.* FROM json_each(${JSON.stringify(ranges)}) e
    CROSS JOIN job j ON j.id BETWEEN e.value ->> 0 AND e.value ->> 1
    WHERE ${stateCondition(states, 'j.state')} ORDER BY j.id LIMIT ${limit}`
  return (await all(query.sql, query.params)).map(jobOf)
}

function reachesOne(spec: Omit<SpecRow, 'body'>, sorted: readonly JobId[]): boolean {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle] ?? 0) < spec.lo) low = middle + 1
    else high = middle
  }
  const first = sorted[low]
  return first !== undefined && first <= spec.hi
}
