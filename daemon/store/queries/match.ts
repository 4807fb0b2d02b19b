// The ids that match a filter as ranges: for kill, rm and wait, which must not expand an array.
// Must never return overlapping or unordered ranges.
import type { JobId } from '../../../protocol/job.ts'
import type { SqlQuery } from '../../../protocol/ports.ts'
import { numberOf, type Sql, sql } from '../sql.ts'
import { isByRange, isRare } from './counts.ts'
import {
  conditionOfJob,
  everything,
  rangesOf,
  specOfRow,
  stateCondition,
  type Wanted,
} from './filter.ts'
import { rangesOfSpan, spanFloor } from './parts.ts'
import { allFrom, planOf } from './where-parts.ts'

/** Pieces (lo, hi) of all that matches, disjoint and in no order. */
async function piecesOf(all: SqlQuery, want: Wanted): Promise<Sql> {
  if (want.where !== null) {
    const plan = planOf(want, everything, await isByRange(all, want))
    return allFrom(plan, (_part, lo, hi) => sql`${lo} AS lo, ${hi} AS hi`)
  }
  const rowState = stateCondition(want.states, 'j.state')
  const spanState = stateCondition(want.states, 'p.state')
  if (!want.isBySpec && want.workflow === null) {
    return sql`SELECT j.id AS lo, j.id AS hi FROM job j WHERE ${rowState}
      UNION ALL SELECT p.lo, p.hi FROM span p WHERE ${spanState}`
  }
  if (await isRare(all, want)) {
    return sql`SELECT j.id AS lo, j.id AS hi FROM job j INDEXED BY job_by_state
      CROSS JOIN spec s ON ${specOfRow}
      WHERE j.state <> 8 AND ${rowState} AND ${conditionOfJob(want, sql`j.id`)}
      UNION ALL SELECT max(p.lo, r.lo), min(p.hi, r.hi) FROM span p
      CROSS JOIN ${rangesOfSpan(want, everything)} WHERE ${spanState}`
  }
  const ranges = sql`(${rangesOf(want, everything)}) r`
  return sql`SELECT j.id AS lo, j.id AS hi FROM ${ranges}
    CROSS JOIN job j ON j.id BETWEEN r.lo AND r.hi WHERE ${rowState}
    UNION ALL SELECT max(p.lo, r.lo), min(p.hi, r.hi) FROM ${ranges}
    CROSS JOIN span p ON p.lo BETWEEN ${spanFloor(sql`r.lo`)} AND r.hi AND p.hi >= r.lo
    WHERE ${spanState}`
}

/** Matching ids as inclusive ranges in order; neighbours are merged. */
export async function matchingRanges(
  all: SqlQuery,
  want: Wanted,
): Promise<readonly (readonly [first: JobId, last: JobId])[]> {
  if (want.states?.length === 0) return []
  // Disjoint pieces side by side: lo minus the number of ids before stays the same.
  const query = sql`SELECT min(lo) AS lo, max(hi) AS hi FROM (
      SELECT lo, hi, hi - sum(hi - lo + 1) OVER (ORDER BY lo) AS island
      FROM (${await piecesOf(all, want)}))
    GROUP BY island ORDER BY 1`
  const rows = await all(query.sql, query.params)
  return rows.map((row) => [numberOf(row, 'lo'), numberOf(row, 'hi')] as const)
}
