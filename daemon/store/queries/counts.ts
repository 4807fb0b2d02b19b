// How many jobs match a filter, by state: from the tallies where they answer, else by counting.
// Must never count a job twice: a job is a row or an id of a span, never both.
import type { SqlQuery } from '../../../protocol/ports.ts'
import { numberOf, type Sql, sql } from '../sql.ts'
import {
  arraysOf,
  conditionOfArray,
  conditionOfJob,
  everything,
  rangesOf,
  specOfRow,
  stateCondition,
  type Wanted,
} from './filter.ts'
import { finished, spanFloor } from './parts.ts'
import { allFrom, planOf } from './where-parts.ts'

/** Number of matching jobs by the number of their state. */
export type Breakdown = ReadonlyMap<number, number>

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
    const count = (breakdown.get(state) ?? 0) + numberOf(row, 'count')
    if (count > 0) breakdown.set(state, count)
  }
  return breakdown
}

/** True when so few jobs are in the states asked for that going through them is cheapest. */
export async function isRare(all: SqlQuery, want: Wanted): Promise<boolean> {
  if (want.states === null || want.states.includes(finished) || want.ids !== null) return false
  return totalOf(await tallied(all, want)) <= want.fewJobs
}

/** Counts by going through the ranges: right when they hold few jobs. */
async function countedByRange(all: SqlQuery, want: Wanted): Promise<Breakdown> {
  const ranges = sql`(${rangesOf(want, everything)}) r`
  const rows = sql`SELECT j.state AS state, count(*) AS count FROM ${ranges}
    CROSS JOIN job j ON j.id BETWEEN r.lo AND r.hi
    WHERE ${stateCondition(want.states, 'j.state')} GROUP BY j.state`
  const spans = sql`SELECT p.state AS state, sum(min(p.hi, r.hi) - max(p.lo, r.lo) + 1) AS count
    FROM ${ranges}
    CROSS JOIN span p ON p.lo BETWEEN ${spanFloor(sql`r.lo`)} AND r.hi AND p.hi >= r.lo
    WHERE ${stateCondition(want.states, 'p.state')} GROUP BY p.state`
  return sumUp(await run(all, rows), await run(all, spans))
}

/** Jobs of spans whose jobs have specs of their own: one count out of an index per span. */
function spannedSingles(want: Wanted): Sql {
  return sql`SELECT state, sum(count) AS count FROM (
    SELECT p.state AS state, (SELECT count(*) FROM (${rangesOf(want, everything)}) r
      WHERE r.hi BETWEEN p.lo AND p.hi) AS count
    FROM span p WHERE p.spec IS NULL AND ${stateCondition(want.states, 'p.state')})
    GROUP BY state`
}

/** Jobs of spans of arrays: the whole span or nothing. */
function spannedElements(want: Wanted): Sql {
  return sql`SELECT p.state AS state, sum(p.hi - p.lo + 1) AS count FROM span p
    CROSS JOIN spec s ON s.lo = p.spec
    WHERE ${stateCondition(want.states, 'p.state')} AND ${conditionOfArray(want)} GROUP BY p.state`
}

/** Job rows that match, by state, JOB_FINISHED left out. */
function openRows(want: Wanted): Sql {
  return sql`SELECT j.state AS state, count(*) AS count FROM job j INDEXED BY job_by_state
    CROSS JOIN spec s ON ${specOfRow}
    WHERE j.state <> 8 AND ${stateCondition(want.states, 'j.state')}
    AND ${conditionOfJob(want, sql`j.id`)} GROUP BY j.state`
}

/**
 * Jobs that are rows of arrays, plus all jobs that are no array's. The latter are as many as their
 * specs, since such a spec goes with its job; specs whose jobs are not put down yet don't count.
 */
function rowsAndSingles(want: Wanted): Sql {
  const ranges = sql`(${rangesOf(want, everything)}) r`
  const arrays = arraysOf(want)
  return sql`SELECT (SELECT count(*) FROM ${ranges}) - (SELECT count(*) FROM (${arrays}))
    - (SELECT count(*) FROM block b CROSS JOIN ${ranges} ON r.hi BETWEEN b.lo AND b.hi)
    + (SELECT count(*) FROM block b CROSS JOIN (${arrays}) a ON a.hi BETWEEN b.lo AND b.hi)
    + (SELECT count(*) FROM (${arrays}) a CROSS JOIN job j ON j.id BETWEEN a.lo AND a.hi)
    AS count`
}

/** Counts out of indices: those that finished are what remains when all others are counted. */
async function countedByRest(all: SqlQuery, want: Wanted): Promise<Breakdown> {
  const isFinishedWanted = want.states?.includes(finished) ?? true
  const any: Wanted = isFinishedWanted ? { ...want, states: null } : want
  const singles = await run(all, spannedSingles(any))
  const elements = await run(all, spannedElements(any))
  const rows = await run(all, openRows(any))
  if (!isFinishedWanted) return sumUp(rows, singles, elements)
  const [head] = await run(all, rowsAndSingles(want))
  const rest = numberOf(head ?? {}, 'count') - totalOf(sumUp(rows)) - totalOf(sumUp(singles))
  return only(want.states, sumUp(rows, singles, elements, [{ state: finished, count: rest }]))
}

function only(states: Wanted['states'], breakdown: Breakdown): Breakdown {
  const kept = [...breakdown].filter(
    ([state, count]) => count > 0 && (states?.includes(state) ?? true),
  )
  return new Map(kept)
}

/** Elements of arrays have names of their own, so a name's few elements are counted apart. */
async function countedNames(all: SqlQuery, want: Wanted): Promise<Breakdown> {
  const elements = await countedByRange(all, { ...want, names: 'elements' })
  const singles = await countedByRest(all, { ...want, names: 'singles' })
  const breakdown = new Map(singles)
  for (const [state, count] of elements) breakdown.set(state, (breakdown.get(state) ?? 0) + count)
  return breakdown
}

/** Counts by asking each row, and each array or single job of a span, whether it matches. */
async function countedByWhere(all: SqlQuery, want: Wanted): Promise<Breakdown> {
  const plan = planOf(want, everything, await isByRange(all, want))
  const parts = allFrom(
    plan,
    (part, lo, hi) =>
      sql`${part === 'row' ? sql`j.state` : sql`p.state`} AS state, ${hi} - ${lo} + 1 AS count`,
  )
  return sumUp(
    await run(all, sql`SELECT state, sum(count) AS count FROM (${parts}) GROUP BY state`),
  )
}

/** True when the ids that the filter names are to be looked at first, and not the jobs. */
export async function isByRange(all: SqlQuery, want: Wanted): Promise<boolean> {
  if (want.ids !== null || want.filter.name !== undefined) return true
  return (want.isBySpec || want.workflow !== null) && !(await isRare(all, want))
}

/** Counts the jobs that match, by state. */
export async function breakdownOf(all: SqlQuery, want: Wanted): Promise<Breakdown> {
  if (want.states?.length === 0) return new Map()
  if (want.where !== null) return countedByWhere(all, want)
  if (!want.isBySpec) return tallied(all, want)
  if (want.ids !== null) return countedByRange(all, want)
  const [head] = await run(
    all,
    sql`SELECT coalesce(sum(hi - lo + 1), 0) AS jobs
      FROM (SELECT lo, hi FROM (${rangesOf(want, everything)}) LIMIT ${want.fewJobs + 1})`,
  )
  if (numberOf(head ?? {}, 'jobs') <= want.fewJobs) return countedByRange(all, want)
  return want.filter.name === undefined ? countedByRest(all, want) : countedNames(all, want)
}

function run(all: SqlQuery, query: Sql): ReturnType<SqlQuery> {
  return all(query.sql, query.params)
}
