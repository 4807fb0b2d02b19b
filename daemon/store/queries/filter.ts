// A user's filter as SQL: which ranges of ids it names, and what it asks of a job's state.
// Must never expand an array: an array is one range, whatever its size.
import type { JobFilter, JobId } from '../../../protocol/job.ts'
import type { Where } from '../../../protocol/query.ts'
import { stateNumber } from '../../../protocol/states.ts'
import { joined, type Sql, sql } from '../sql.ts'
import { lowered } from './lowered.ts'

/** Ids looked at, inclusive. */
export interface Window {
  readonly from: JobId
  readonly to: JobId
}

/** Every id there can be. */
export const everything: Window = { from: 0, to: Number.MAX_SAFE_INTEGER }

/** Inclusive. */
export type IdRange = readonly [first: JobId, last: JobId]

/** A filter, understood. */
export interface Wanted {
  /** Numbers of the states asked for; null: any. */
  readonly states: readonly number[] | null
  readonly workflow: string | null
  /** True when a name, an app or ids are asked for: then tallies don't answer. */
  readonly isBySpec: boolean
  readonly filter: JobFilter
  /** Ids asked for as disjoint ascending ranges; null when not asked for. */
  readonly ids: readonly IdRange[] | null
  /** What a name is looked for among. */
  readonly names: 'all' | 'singles' | 'elements'
  /** What no index answers; null: nothing. */
  readonly where: Where | null
  /** Absolute path of the site, for working directories. */
  readonly siteDirectory: string
  /** Up to so many jobs are looked at one by one; beyond, indices are counted instead. */
  readonly fewJobs: number
}

/** So many jobs are gone through in some 10 ms. */
export const fewJobsDefault = 20_000

/** Understands a filter. A word that is no state matches nothing. */
export function wanted(
  asked: JobFilter,
  fewJobs: number = fewJobsDefault,
  siteDirectory = '',
): Wanted {
  const filter = asked.where === undefined && asked.tags === undefined ? asked : lowered(asked)
  const states = filter.states?.map((state) => stateNumber(state) ?? -1) ?? null
  const ids = idsOf(filter)
  const isBySpec = filter.name !== undefined || filter.application !== undefined || ids !== null
  return {
    states: states === null ? null : [...new Set(states)],
    workflow: filter.workflow ?? null,
    isBySpec,
    filter,
    ids,
    names: 'all',
    where: filter.where ?? null,
    siteDirectory,
    fewJobs,
  }
}

/** Ids and ranges of a filter in one: ascending, disjoint, neighbours merged. */
function idsOf({ ids, ranges }: JobFilter): readonly IdRange[] | null {
  if (ids === undefined && ranges === undefined) return null
  const all: IdRange[] = [...(ids ?? []).map((id): IdRange => [id, id]), ...(ranges ?? [])]
  const merged: [JobId, JobId][] = []
  for (const [first, last] of all.sort((a, b) => a[0] - b[0])) {
    const before = merged.at(-1)
    if (before !== undefined && first <= before[1] + 1) before[1] = Math.max(before[1], last)
    else merged.push([first, last])
  }
  return merged
}

/** An element's name taken apart: `sim-12` is element 12 of the array `sim`. */
function elementOf(name: string): { readonly array: string; readonly index: number } | null {
  const found = /^(.+)-(0|[1-9]\d{0,14})$/s.exec(name)
  return found?.[1] === undefined ? null : { array: found[1], index: Number(found[2]) }
}

/** Conditions on a spec `s` that no index serves; '1' when there are none. */
function residual(want: Wanted, except: 'name' | 'application' | 'workflow' | 'none'): Sql {
  const { application, workflow } = want.filter
  const terms: Sql[] = []
  if (workflow !== undefined && except !== 'workflow') terms.push(sql`s.workflow = ${workflow}`)
  if (application !== undefined && except !== 'application') terms.push(sql`s.app = ${application}`)
  return terms.length === 0 ? sql`1` : joined(terms, ' AND ')
}

/**
 * The spec `s` of a job row `j`, found by its id: an array's specs may have been split since the
 * row was written, which is why nobody asks the row.
 */
export const specOfRow: Sql = sql`s.lo = (SELECT max(t.lo) FROM spec t WHERE t.lo <= j.id)`

/** Conditions on the spec `s` of one known job `id`, for when jobs are looked at first. */
export function conditionOfJob(want: Wanted, id: Sql): Sql {
  const { name } = want.filter
  if (name === undefined) return residual(want, 'none')
  const element = want.names === 'singles' ? null : elementOf(name)
  const ways = want.names === 'elements' ? [] : [sql`s.name = ${name}`]
  if (element !== null) {
    const { array, index } = element
    ways.push(sql`(s.array_name = ${array} AND s.array_first + ${id} - s.lo = ${index})`)
  }
  const named = ways.length === 0 ? sql`0` : sql`(${joined(ways, ' OR ')})`
  return sql`${named} AND ${residual(want, 'none')}`
}

/** Conditions on the spec `s` of an array under which all its elements match. */
export function conditionOfArray(want: Wanted): Sql {
  return want.filter.name === undefined ? residual(want, 'none') : sql`0`
}

/** The arrays (lo, hi) all of whose elements match. */
export function arraysOf(want: Wanted): Sql {
  const { name, application } = want.filter
  if (name !== undefined) return noRanges
  const index =
    application === undefined ? sql`INDEXED BY spec_by_array_name` : sql`INDEXED BY array_by_app`
  return sql`SELECT s.lo AS lo, s.hi AS hi FROM spec s ${index}
    WHERE s.array_first IS NOT NULL AND s.array_name IS NOT NULL AND ${residual(want, 'none')}`
}

const noRanges = sql`SELECT 0 AS lo, 0 AS hi WHERE 0`

function namedRanges(want: Wanted, name: string, { from, to }: Window): Sql {
  const rest = residual(want, 'name')
  const ways: Sql[] = []
  if (want.names !== 'elements') {
    ways.push(sql`SELECT s.lo AS lo, s.hi AS hi FROM spec s INDEXED BY spec_by_name
      WHERE s.name = ${name} AND s.hi BETWEEN ${from} AND ${to} AND ${rest}`)
  }
  const element = want.names === 'singles' ? null : elementOf(name)
  if (element !== null) {
    const { array, index } = element
    const id = sql`s.lo + ${index} - s.array_first`
    ways.push(sql`SELECT ${id} AS lo, ${id} AS hi FROM spec s INDEXED BY spec_by_array_name
      WHERE s.array_name = ${array} AND s.hi >= ${from}
      AND ${index} BETWEEN s.array_first AND s.array_first + s.hi - s.lo
      AND ${id} BETWEEN ${from} AND ${to} AND ${rest}`)
  }
  return ways.length === 0 ? noRanges : joined(ways, ' UNION ALL ')
}

/** Ids of one piece of a listed range: so few that sorting its rows costs nothing. */
const pieceIds = 256
/** Pieces of all listed ranges together, about; beyond, pieces get longer. */
const piecesMax = 20_000

/** Long ranges cut up, so that a page can stop in the middle of one. */
function piecesOf(ids: readonly IdRange[], { from, to }: Window): IdRange[] {
  const total = ids.reduce((sum, [first, last]) => sum + last - first + 1, 0)
  const step = Math.max(pieceIds, Math.ceil(total / piecesMax))
  const pieces: IdRange[] = []
  for (const [first, last] of ids) {
    for (let lo = first; lo <= last; lo += step) {
      const hi = Math.min(last, lo + step - 1)
      if (hi >= from && lo <= to) pieces.push([lo, hi])
    }
  }
  return pieces
}

function listedRanges(want: Wanted, ids: readonly IdRange[], window: Window): Sql {
  const pieces = JSON.stringify(piecesOf(ids, window))
  const listed = sql`(SELECT value ->> 0 AS lo, value ->> 1 AS hi FROM json_each(${pieces}))`
  const { name, application, workflow } = want.filter
  if (name !== undefined) {
    return sql`SELECT n.lo AS lo, n.hi AS hi FROM (${namedRanges(want, name, window)}) n
      WHERE EXISTS (SELECT 1 FROM ${listed} e WHERE n.hi BETWEEN e.lo AND e.hi)`
  }
  const { from, to } = window
  if (application === undefined && workflow === undefined) {
    return sql`SELECT lo, hi FROM ${listed} WHERE hi BETWEEN ${from} AND ${to}`
  }
  return sql`SELECT max(s.lo, e.lo) AS lo, min(s.hi, e.hi) AS hi FROM ${listed} e CROSS JOIN spec s
    ON s.lo BETWEEN coalesce((SELECT max(lo) FROM spec WHERE lo <= e.lo), 0) AND e.hi
    AND s.hi >= e.lo
    WHERE min(s.hi, e.hi) BETWEEN ${from} AND ${to} AND ${residual(want, 'none')}`
}

/**
 * The id ranges (lo, hi) that a filter with ids, name, app or workflow names, and whose `hi` lies
 * in the window: disjoint, and with ORDER BY hi read in order from an index where one serves.
 * The first may begin before the window.
 */
export function rangesOf(want: Wanted, window: Window): Sql {
  const { name, application, workflow } = want.filter
  if (want.ids !== null) return listedRanges(want, want.ids, window)
  if (name !== undefined) return namedRanges(want, name, window)
  const inside = sql`s.hi BETWEEN ${window.from} AND ${window.to}`
  if (application !== undefined) {
    const rest = residual(want, 'application')
    return sql`SELECT s.lo AS lo, s.hi AS hi FROM spec s INDEXED BY spec_by_app
      WHERE s.app = ${application} AND ${inside} AND ${rest}`
  }
  return sql`SELECT s.lo AS lo, s.hi AS hi FROM spec s INDEXED BY spec_by_workflow
    WHERE s.workflow = ${workflow ?? ''} AND ${inside}`
}

/** Condition on a state column; '1' when every state will do. */
export function stateCondition(states: readonly number[] | null, column: string): Sql {
  if (states === null) return sql`1`
  return { sql: `${column} IN (${states.map(() => '?').join()})`, params: states }
}
