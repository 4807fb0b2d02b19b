// Jobs of one relation, job rows and ids of spans alike, read in order of id.
// Must never turn a span into rows here: a piece of a span is two numbers.
import type { JobId } from '../../../protocol/job.ts'
import type { SqlQuery } from '../../../protocol/ports.ts'
import { jobOf, listedSpanColumns, spanOf } from '../columns.ts'
import type { JobRow, SpanRow } from '../rows.ts'
import { joined, numberOf, type Sql, sql } from '../sql.ts'
import {
  conditionOfJob,
  rangesOf,
  specOfRow,
  stateCondition,
  type Wanted,
  type Window,
} from './filter.ts'

/** Part of a span, as ids. */
export interface Piece {
  readonly lo: JobId
  readonly hi: JobId
  readonly span: Omit<SpanRow, 'mix'>
}

/** Jobs found in a window; both lists in order and cut at the limit asked for. */
export interface Parts {
  readonly rows: readonly JobRow[]
  readonly pieces: readonly Piece[]
}

/** JOB_FINISHED, which the index by state leaves out. */
export const finished = 8

/** Columns of a span `p` for a list. */
export const spanColumns: Sql = { sql: listedSpanColumns, params: [] }

/** The first span that reaches to `id` or beyond begins at or after this `lo`. */
export function spanFloor(id: Sql): Sql {
  return sql`coalesce((SELECT max(lo) FROM span WHERE lo <= ${id}), 0)`
}

/** Job rows by state through the index, each state in order of id; `states` without `finished`. */
function rowsByState(
  states: readonly number[],
  source: Sql,
  rest: Sql,
  window: Window,
  limit: number,
): Sql {
  const each = states.map(
    (state) => sql`SELECT j.* FROM ${source} WHERE j.state = ${state} AND j.state <> 8
      AND j.id BETWEEN ${window.from} AND ${window.to} AND ${rest}`,
  )
  return sql`${joined(each, ' UNION ALL ')} ORDER BY id LIMIT ${limit}`
}

/** Reads with the jobs first: right when no spec is asked for, or when the states are rare. */
export async function partsByState(
  all: SqlQuery,
  want: Wanted,
  window: Window,
  limit: number,
): Promise<Parts> {
  const { states } = want
  const isWhole = !want.isBySpec && want.workflow === null
  const source = isWhole ? sql`job j` : sql`job j CROSS JOIN spec s ON ${specOfRow}`
  const rest = isWhole ? sql`1` : conditionOfJob(want, sql`j.id`)
  const rowsQuery =
    states === null || states.includes(finished)
      ? sql`SELECT j.* FROM ${source} WHERE j.id BETWEEN ${window.from} AND ${window.to}
          AND ${stateCondition(states, 'j.state')} AND ${rest} ORDER BY j.id LIMIT ${limit}`
      : rowsByState(states, source, rest, window, limit)
  const rows = states?.length === 0 ? [] : await run(all, rowsQuery)
  const spans = want.isBySpec
    ? spansThenRanges(want, window, limit)
    : sql`SELECT ${spanColumns},
        max(p.lo, ${window.from}) AS piece_lo, min(p.hi, ${window.to}) AS piece_hi
        FROM span p WHERE p.lo BETWEEN ${spanFloor(sql`${window.from}`)} AND ${window.to}
        AND p.hi >= ${window.from}
        AND ${stateCondition(states, 'p.state')}
        AND ${want.workflow === null ? sql`1` : sql`p.workflow = ${want.workflow}`}
        ORDER BY p.lo LIMIT ${limit}`
  const pieces = states?.length === 0 ? [] : await run(all, spans)
  return { rows: rows.map(jobOf), pieces: pieces.map(pieceOf) }
}

/** Ranges of the filter that a span `p` overlaps, with the spans first. */
export function rangesOfSpan(want: Wanted, window: Window): Sql {
  // Ranges are disjoint: the last one that can reach into the span is the one over its last id.
  return sql`(${rangesOf(want, window)}) r ON r.hi BETWEEN max(p.lo, ${window.from})
    AND (SELECT t.hi FROM spec t WHERE t.lo <= p.hi ORDER BY t.lo DESC LIMIT 1) AND r.lo <= p.hi`
}

function spansThenRanges(want: Wanted, window: Window, limit: number): Sql {
  return sql`SELECT ${spanColumns},
        max(p.lo, r.lo, ${window.from}) AS piece_lo, min(p.hi, r.hi) AS piece_hi
    FROM span p CROSS JOIN ${rangesOfSpan(want, window)}
    WHERE p.lo >= ${spanFloor(sql`${window.from}`)} AND p.hi >= ${window.from}
    AND ${stateCondition(want.states, 'p.state')} ORDER BY p.lo, r.hi LIMIT ${limit}`
}

/** Reads with the ranges of the filter first: right when they are few, or full of matches. */
export async function partsByRange(
  all: SqlQuery,
  want: Wanted,
  window: Window,
  limit: number,
): Promise<Parts> {
  const { from } = window
  const ranges = sql`(${rangesOf(want, window)}) r`
  const rows = await run(
    all,
    sql`SELECT j.* FROM ${ranges} CROSS JOIN job j ON j.id BETWEEN max(r.lo, ${from}) AND r.hi
      WHERE ${stateCondition(want.states, 'j.state')} ORDER BY r.hi, j.id LIMIT ${limit}`,
  )
  const pieces = await run(
    all,
    sql`SELECT ${spanColumns},
        max(p.lo, r.lo, ${from}) AS piece_lo, min(p.hi, r.hi) AS piece_hi FROM ${ranges}
      CROSS JOIN span p ON p.lo BETWEEN ${spanFloor(sql`max(r.lo, ${from})`)} AND r.hi
      AND p.hi >= max(r.lo, ${from})
      WHERE ${stateCondition(want.states, 'p.state')} ORDER BY r.hi, p.lo LIMIT ${limit}`,
  )
  return { rows: rows.map(jobOf), pieces: pieces.map(pieceOf) }
}

function run(all: SqlQuery, query: Sql): ReturnType<SqlQuery> {
  return all(query.sql, query.params)
}

/** A piece out of a row of `span` with `piece_lo` and `piece_hi`. */
export function pieceOf(row: Parameters<typeof spanOf>[0]): Piece {
  return { lo: numberOf(row, 'piece_lo'), hi: numberOf(row, 'piece_hi'), span: spanOf(row) }
}
