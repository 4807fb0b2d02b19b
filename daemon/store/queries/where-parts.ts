// Jobs that match a condition, as parts of one relation: rows, pieces of spans that match as a
// whole, and single elements of arrays whose elements must be looked at one by one.
// Must never expand an array that tells by itself whether all of its elements match.
import type { SqlQuery } from '../../../protocol/ports.ts'
import { jobOf } from '../columns.ts'
import { joined, type Sql, sql } from '../sql.ts'
import { rowSource, spanSource } from './columns.ts'
import { no } from './compare-text.ts'
import {
  conditionOfJob,
  rangesOf,
  specOfRow,
  stateCondition,
  type Wanted,
  type Window,
} from './filter.ts'
import { finished, type Parts, type Piece, pieceOf, spanColumns, spanFloor } from './parts.ts'
import { conditionOf, isOfElements, needsBodies, type Question } from './where.ts'

/** How the jobs of a filter with a condition are gone through. */
export interface Plan {
  readonly want: Wanted
  readonly window: Window
  /** Through the ranges of ids that the filter names; else through jobs and spans. */
  readonly isByRange: boolean
  /** Columns to be read from the body beside those of the condition. */
  readonly needsBody: boolean
  /** Elements of arrays are told apart even where the condition doesn't. */
  readonly isSingly: boolean
}

/** A plan that reads no more than the condition does. */
export function planOf(want: Wanted, window: Window, isByRange: boolean): Plan {
  return { want, window, isByRange, needsBody: false, isSingly: false }
}

function withBody({ want, needsBody }: Plan): Sql {
  const isNeeded = needsBody || (want.where !== null && needsBodies(want.where))
  return isNeeded ? sql` CROSS JOIN spec_body b ON b.lo = s.lo` : sql``
}

/** The condition on the job or the array that the tables of a part are at. */
function condition(want: Wanted, id: Sql | null, question: Question): Sql {
  if (want.where === null) return sql`${1}`
  const { siteDirectory } = want
  const source = id === null ? rowSource : spanSource(id)
  return conditionOf(want.where, { source, question, siteDirectory })
}

const ofJob: Question = { of: 'job' }

/** Job rows `j` with their specs `s`, and what must hold. */
export function rowsFrom(plan: Plan): Sql {
  const { want, window } = plan
  const { from, to } = window
  const states = stateCondition(want.states, 'j.state')
  const matches = condition(want, null, ofJob)
  if (plan.isByRange) {
    return sql`(${rangesOf(want, window)}) r
      CROSS JOIN spec s ON ${specsOver(sql`max(r.lo, ${from})`, sql`r.hi`)}
      ${withBody(plan)}
      CROSS JOIN job j ON j.id BETWEEN max(r.lo, s.lo, ${from}) AND min(r.hi, s.hi)
      WHERE ${states} AND ${matches}`
  }
  const isIndexed = want.states !== null && !want.states.includes(finished)
  const index = isIndexed ? sql` INDEXED BY job_by_state` : sql``
  return sql`job j${index} CROSS JOIN spec s ON ${specOfRow} ${withBody(plan)}
    WHERE ${isIndexed ? sql`j.state <> 8 AND` : sql``} ${states}
    AND j.id BETWEEN ${from} AND ${to} AND ${conditionOfJob(want, sql`j.id`)} AND ${matches}`
}

/** Specs that reach into ids from..to. */
function specsOver(from: Sql, to: Sql): Sql {
  return sql`s.lo BETWEEN coalesce((SELECT max(lo) FROM spec WHERE lo <= ${from}), 0) AND ${to}
    AND s.hi >= ${from}`
}

/** Spans `p` with their specs `s`, one by one, and what must hold. */
interface Spans {
  readonly from: Sql
  readonly lo: Sql
  readonly hi: Sql
}

function spansFrom(plan: Plan): Spans {
  const { want, window } = plan
  const { from, to } = window
  const states = stateCondition(want.states, 'p.state')
  if (plan.isByRange) {
    const first = sql`max(r.lo, s.lo, ${from})`
    const last = sql`min(r.hi, s.hi)`
    return {
      lo: sql`max(p.lo, r.lo, s.lo, ${from})`,
      hi: sql`min(p.hi, r.hi, s.hi)`,
      from: sql`(${rangesOf(want, window)}) r
        CROSS JOIN spec s ON ${specsOver(sql`max(r.lo, ${from})`, sql`r.hi`)}
        ${withBody(plan)}
        CROSS JOIN span p ON p.lo BETWEEN ${spanFloor(first)} AND ${last} AND p.hi >= ${first}
        WHERE ${states}`,
    }
  }
  return {
    lo: sql`max(p.lo, s.lo, ${from})`,
    hi: sql`min(p.hi, s.hi, ${to})`,
    from: sql`span p
      CROSS JOIN spec s ON ${specsOver(sql`max(p.lo, ${from})`, sql`min(p.hi, ${to})`)}
      ${withBody(plan)}
      WHERE p.lo BETWEEN ${spanFloor(sql`${from}`)} AND ${to} AND p.hi >= ${from} AND ${states}
      AND ${conditionOfJob(want, sql`s.lo`)}`,
  }
}

function areToldApart({ want, isSingly }: Plan): boolean {
  return isSingly || (want.where !== null && isOfElements(want.where))
}

/** Pieces all of whose jobs match: `columns` over `p`, `s` and the piece's first and last id. */
export function wholeFrom(plan: Plan, columns: (lo: Sql, hi: Sql) => Sql): Sql {
  const { from, lo, hi } = spansFrom(plan)
  const single = condition(plan.want, lo, ofJob)
  let matches = single
  if (areToldApart(plan)) {
    const all = plan.isSingly ? no : condition(plan.want, lo, { of: 'all', lo, hi })
    matches = sql`CASE WHEN s.array_first IS NULL THEN ${single} ELSE ${all} END`
  }
  return sql`SELECT ${columns(lo, hi)} FROM ${from} AND ${matches}`
}

/** Single elements of arrays: `columns` over `p`, `s` and the id; null when none are told apart. */
export function elementsFrom(plan: Plan, columns: (id: Sql) => Sql): Sql | null {
  if (!areToldApart(plan)) return null
  const { want } = plan
  const { from, lo, hi } = spansFrom(plan)
  // In order of id, so that a page reads no more elements than it shows.
  const all = plan.isSingly ? no : condition(want, lo, { of: 'all', lo, hi })
  const some = condition(want, lo, { of: 'some', lo, hi })
  const id = sql`e.id`
  return sql`SELECT ${columns(id)} FROM (
    WITH RECURSIVE element(id, hi, spec, span) AS (
      SELECT ${lo}, ${hi}, s.lo, p.lo FROM ${from}
        AND s.array_first IS NOT NULL AND ${some} AND NOT ${all}
      UNION ALL SELECT id + 1, hi, spec, span FROM element WHERE id < hi
      ORDER BY 1)
    SELECT * FROM element) e
    CROSS JOIN span p ON p.lo = e.span CROSS JOIN spec s ON s.lo = e.spec ${withBody(plan)}
    WHERE ${condition(want, id, ofJob)}`
}

/** Everything that matches as pieces: SELECTs of `columns` in no order, side by side. */
export function allFrom(plan: Plan, columns: (part: 'row' | 'span', lo: Sql, hi: Sql) => Sql): Sql {
  const elements = elementsFrom(plan, (id) => columns('span', id, id))
  const id = sql`j.id`
  return joined(
    [
      sql`SELECT ${columns('row', id, id)} FROM ${rowsFrom(plan)}`,
      wholeFrom(plan, (lo, hi) => columns('span', lo, hi)),
      ...(elements === null ? [] : [elements]),
    ],
    ' UNION ALL ',
  )
}

/** The first `limit` rows and pieces in order of id. */
export async function matchingParts(all: SqlQuery, plan: Plan, limit: number): Promise<Parts> {
  const inOrder = plan.isByRange ? sql`r.hi, ` : sql``
  const run = (query: Sql): ReturnType<SqlQuery> => all(query.sql, query.params)
  const rows = await run(
    sql`SELECT j.* FROM ${rowsFrom(plan)} ORDER BY ${inOrder}j.id LIMIT ${limit}`,
  )
  const whole = wholeFrom(
    plan,
    (lo, hi) => sql`${spanColumns}, ${lo} AS piece_lo, ${hi} AS piece_hi`,
  )
  const pieces = (
    await run(
      sql`${whole} ORDER BY ${plan.isByRange ? sql`r.hi, p.lo` : sql`p.lo, s.lo`} LIMIT ${limit}`,
    )
  ).map(pieceOf)
  const elements = elementsFrom(
    plan,
    (id) => sql`${spanColumns}, ${id} AS piece_lo, ${id} AS piece_hi`,
  )
  if (elements !== null) {
    const found = await run(sql`${elements} LIMIT ${limit}`)
    pieces.push(...found.map(pieceOf))
    pieces.sort((one: Piece, other: Piece) => one.lo - other.lo)
  }
  return { rows: rows.map(jobOf), pieces }
}
