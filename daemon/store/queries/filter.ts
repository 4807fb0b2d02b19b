// A user's filter as SQL: which ranges of ids it names, and what it asks of a job's state.
// Must never expand an array: an array is one range, whatever its size.
import type { JobFilter, JobId } from '../../../protocol/job.ts'
import { stateNumber } from '../../../protocol/states.ts'
import { joined, type Sql, sql } from '../sql.ts'

/** Ids looked at, inclusive. */
export interface Window {
  readonly from: JobId
  readonly to: JobId
}

/** Every id there can be. */
export const everything: Window = { from: 0, to: Number.MAX_SAFE_INTEGER }

/** A filter, understood. */
export interface Wanted {
  /** Numbers of the states asked for; null: any. */
  readonly states: readonly number[] | null
  readonly workflow: string | null
  /** True when a name, an app or ids are asked for: then tallies don't answer. */
  readonly isBySpec: boolean
  readonly filter: JobFilter
  /** Ascending and each once; null when not asked for. */
  readonly ids: readonly JobId[] | null
  /** What a name is looked for among. */
  readonly names: 'all' | 'singles' | 'elements'
}

/** Understands a filter. A word that is no state matches nothing. */
export function wanted(filter: JobFilter): Wanted {
  const states = filter.states?.map((state) => stateNumber(state) ?? -1) ?? null
  const isBySpec =
    filter.name !== undefined || filter.application !== undefined || filter.ids !== undefined
  return {
    states: states === null ? null : [...new Set(states)],
    workflow: filter.workflow ?? null,
    isBySpec,
    filter,
    ids: filter.ids === undefined ? null : [...new Set(filter.ids)].sort((a, b) => a - b),
    names: 'all',
  }
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

function listedRanges(want: Wanted, ids: readonly JobId[], { from, to }: Window): Sql {
  const inside = JSON.stringify(ids.filter((id) => id >= from && id <= to))
  const listed = sql`(SELECT value AS id FROM json_each(${inside}))`
  const isPlain = [want.filter.name, want.filter.application, want.filter.workflow].every(
    (each) => each === undefined,
  )
  if (isPlain) return sql`SELECT id AS lo, id AS hi FROM ${listed}`
  return sql`SELECT i.id AS lo, i.id AS hi FROM ${listed} i CROSS JOIN spec s
    ON s.lo = (SELECT max(lo) FROM spec WHERE lo <= i.id) AND s.hi >= i.id
    WHERE ${conditionOfJob(want, sql`i.id`)}`
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
