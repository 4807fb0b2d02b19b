// How many jobs match a filter, by state: from the tallies where they answer, else by counting.
// Must never count a job twice: a job is a row or an id of a span, never both.
import type { SqlQuery } from '../../../protocol/ports.ts'
import { numberOf, type Sql, sql } from '../sql.ts'
import { conditionOfJob, everything, rangesOf, stateCondition, type Wanted } from './filter.ts'
import { finished, rangesOfSpan, spanFloor } from './parts.ts'

/** Number of matching jobs by the number of their state. */
export type Breakdown = ReadonlyMap<number, number>

/** Up to so many jobs are looked at one by one; beyond, indices are counted instead. */
const fewJobsMax = 20_000

/** Spans beyond this are looked up by range instead of being gone through. */
const fewSpansMax = 1_000

/** The sum over all states. */
export function totalOf(breakdown: Breakdown): number {
  let total = 0
  for (const count of breakdown.values()) total += count
  return total
}

/** Counts from the tallies: what no name, app or id narrows. */
async function tallied(all: SqlQuery, want: Wanted): Promise<Breakdown> {
  const { workflow, states } = want
  const query = sql`SELECT state, sum(count) AS count FROM tally
    WHERE ${workflow === null ? sql`1` : sql`workflow = ${workflow}`}
    AND ${stateCondition(states, 'state')} GROUP BY state`
  return sumUp(await all(query.sql, query.params))
}

function sumUp(...results: readonly Awaited<ReturnType<SqlQuery>>[]): Breakdown {
  const breakdown = new Map<number, number>()
  for (const row of results.flat()) {
    const state = numberOf(row, 'state')
    breakdown.set(state, (breakdown.get(state) ?? 0) + numberOf(row, 'count'))
  }
  return breakdown
}

/** True when so few jobs are in the states asked for that going through them is cheapest. */
export async function isRare(all: SqlQuery, want: Wanted): Promise<boolean> {
  if (want.states === null || want.states.includes(finished) || want.ids !== null) return false
  return totalOf(await tallied(all, want)) <= fewJobsMax
}

async function hasFewSpans(all: SqlQuery): Promise<boolean> {
  const rows = await all(`SELECT count(*) AS count FROM (SELECT 1 FROM span LIMIT ${fewSpansMax})`)
  return numberOf(rows[0] ?? {}, 'count') < fewSpansMax
}

function rowsFirst(want: Wanted): Sql {
  return sql`SELECT j.state AS state, count(*) AS count FROM job j INDEXED BY job_by_state
    CROSS JOIN spec s ON s.lo = j.spec
    WHERE j.state <> 8 AND ${stateCondition(want.states, 'j.state')} AND ${conditionOfJob(want, sql`j.id`)}
    GROUP BY j.state`
}

function rangesThenRows(want: Wanted): Sql {
  return sql`SELECT j.state AS state, count(*) AS count FROM (${rangesOf(want, everything)}) r
    CROSS JOIN job j ON j.id BETWEEN r.lo AND r.hi
    WHERE ${stateCondition(want.states, 'j.state')} GROUP BY j.state`
}

const size = 'sum(min(p.hi, r.hi) - max(p.lo, r.lo) + 1)'

function spansThenRanges(want: Wanted): Sql {
  return sql`SELECT p.state AS state, ${{ sql: size, params: [] }} AS count FROM span p
    CROSS JOIN ${rangesOfSpan(want, everything)}
    WHERE ${stateCondition(want.states, 'p.state')} GROUP BY p.state`
}

function rangesThenSpans(want: Wanted): Sql {
  return sql`SELECT p.state AS state, ${{ sql: size, params: [] }} AS count
    FROM (${rangesOf(want, everything)}) r
    CROSS JOIN span p ON p.lo BETWEEN ${spanFloor(sql`r.lo`)} AND r.hi AND p.hi >= r.lo
    WHERE ${stateCondition(want.states, 'p.state')} GROUP BY p.state`
}

/** Counts the jobs that match, by state. */
export async function breakdownOf(all: SqlQuery, want: Wanted): Promise<Breakdown> {
  if (want.states?.length === 0) return new Map()
  if (!want.isBySpec) return tallied(all, want)
  const rowsQuery = (await isRare(all, want)) ? rowsFirst(want) : rangesThenRows(want)
  const isSpansFirst = want.ids === null && (await hasFewSpans(all))
  const spansQuery = isSpansFirst ? spansThenRanges(want) : rangesThenSpans(want)
  return sumUp(
    await all(rowsQuery.sql, rowsQuery.params),
    await all(spansQuery.sql, spansQuery.params),
  )
}
