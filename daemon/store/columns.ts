// Rows of SQLite back into the rows of the contract.
// Must never lose a field: what the core wrote is what it reads.
import type { AppSpec } from '../../protocol/job.ts'
import type { SqlRow } from '../../protocol/ports.ts'
import type { ActorRow, JobRow, JournalRow, ShapeMix, SpanRow, SpecRow } from './rows.ts'
import { numberOf, numberOrNull, textOf, textOrNull } from './sql.ts'

/** A row of `spec` without its body. */
export function specOf(row: SqlRow): Omit<SpecRow, 'body'> {
  return {
    lo: numberOf(row, 'lo'),
    hi: numberOf(row, 'hi'),
    workflow: textOf(row, 'workflow'),
    name: textOrNull(row, 'name') ?? textOf(row, 'array_name'),
    app: textOrNull(row, 'app'),
    arrayFirst: numberOrNull(row, 'array_first'),
  }
}

/** Columns of `span` that queries read: `mix` may be long, and only placement needs it. */
export const listedSpanColumns =
  'p.lo, p.hi, p.spec, p.state, p.workflow, p.priority, p.cpus, p.packing, p.wall_minutes, ' +
  'p.facts, p.log'

/** A whole row of `span`. */
export function wholeSpanOf(row: SqlRow): SpanRow {
  const mix = textOrNull(row, 'mix')
  // Written by this store from a ShapeMix.
  return mix === null ? spanOf(row) : { ...spanOf(row), mix: JSON.parse(mix) as ShapeMix }
}

/** The listed columns of a row of `span`. */
export function spanOf(row: SqlRow): Omit<SpanRow, 'mix'> {
  return {
    lo: numberOf(row, 'lo'),
    hi: numberOf(row, 'hi'),
    spec: numberOrNull(row, 'spec'),
    state: numberOf(row, 'state'),
    workflow: textOf(row, 'workflow'),
    priority: numberOf(row, 'priority'),
    cpus: numberOrNull(row, 'cpus'),
    packing: numberOf(row, 'packing'),
    wallMinutes: numberOf(row, 'wall_minutes'),
    facts: textOf(row, 'facts'),
    log: textOf(row, 'log'),
  }
}

/** A row of `job`. */
export function jobOf(row: SqlRow): JobRow {
  return {
    id: numberOf(row, 'id'),
    spec: numberOf(row, 'spec'),
    state: numberOf(row, 'state'),
    attempts: numberOf(row, 'attempts'),
    failures: numberOf(row, 'failures'),
    startedAt: numberOrNull(row, 'started_at'),
    endedAt: numberOrNull(row, 'ended_at'),
    code: numberOrNull(row, 'code'),
    signal: numberOrNull(row, 'signal'),
    log: textOf(row, 'log'),
  }
}

/** A row of `journal`. */
export function journalOf(row: SqlRow): JournalRow {
  return { seq: numberOf(row, 'seq'), at: numberOf(row, 'at'), body: textOf(row, 'body') }
}

/** A row of `tally`. */
export function tallyOf(row: SqlRow): { workflow: string; state: number; count: number } {
  return {
    workflow: textOf(row, 'workflow'),
    state: numberOf(row, 'state'),
    count: numberOf(row, 'count'),
  }
}

/** A row of `actor`. */
export function actorOf(row: SqlRow): ActorRow {
  // The kind was written from an ActorRow; only this store writes the table.
  const kind = textOf(row, 'kind') as ActorRow['kind']
  return {
    kind,
    id: numberOf(row, 'id'),
    version: numberOf(row, 'version'),
    body: textOf(row, 'body'),
  }
}

/** A row of `app`. */
export function appOf(row: SqlRow): AppSpec {
  // Written by this store from an AppSpec.
  return JSON.parse(textOf(row, 'body')) as AppSpec
}
