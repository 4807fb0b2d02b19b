// The derived tables brought up to the journal: the statements of one catch-up.
// Must never decide a state; it writes what the core computed.
import type { SqlStatement } from '../../protocol/ports.ts'
import { endNumbers } from './boot.ts'
import { applyChanges, edgeInserts, inserts } from './commit.ts'
import type { CatchUp, JobRow, SpanRow } from './rows.ts'
import { type Sql, sql } from './sql.ts'

const endList: Sql = { sql: endNumbers.join(), params: [] }

/** The columns of `job`, in the order of `jobValues`. */
export const jobColumns =
  'id, spec, state, attempts, failures, started_at, ended_at, code, signal, log'

function jobValues(row: JobRow): (number | string | null)[] {
  const { id, spec, state, attempts, failures, startedAt, endedAt, code, signal, log } = row
  return [id, spec, state, attempts, failures, startedAt, endedAt, code, signal, log]
}

const spanColumns =
  'lo, hi, spec, state, workflow, priority, cpus, packing, wall_minutes, facts, log, mix'

function spanValues(row: SpanRow): (number | string | null)[] {
  const { lo, hi, spec, state, workflow, priority, cpus, packing, wallMinutes, facts, log } = row
  const mix = row.mix === undefined ? null : JSON.stringify(row.mix)
  return [lo, hi, spec, state, workflow, priority, cpus, packing, wallMinutes, facts, log, mix]
}

/** Deletes by a list of keys; no statement for an empty list. */
function deletion(
  table: 'job' | 'span' | 'spec' | 'spec_body',
  key: string,
  ids: readonly number[],
): SqlStatement[] {
  if (ids.length === 0) return []
  return [
    {
      sql: `DELETE FROM ${table} WHERE ${key} IN (SELECT value FROM json_each(?))`,
      params: [JSON.stringify(ids)],
    },
  ]
}

function specDeletions(ids: readonly number[]): SqlStatement[] {
  if (ids.length === 0) return []
  return [
    // An id whose job was removed is not given out again.
    sql`UPDATE reign SET next_job_id =
      max(next_job_id, coalesce((SELECT max(hi) + 1 FROM spec), 0))`,
    ...deletion('spec', 'lo', ids),
    ...deletion('spec_body', 'lo', ids),
  ]
}

/** An edge goes with either of its ends; what is left of an array keeps the array's edges. */
function edgeDeletions(ranges: CatchUp['removedRanges']): SqlStatement[] {
  return ranges.flatMap(([first, last]) => [
    sql`DELETE FROM edge WHERE child BETWEEN ${first} AND ${last} AND child_last <= ${last}`,
    sql`DELETE FROM edge WHERE parent BETWEEN ${first} AND ${last} AND parent_last <= ${last}`,
  ])
}

function tallyStatements(tallies: CatchUp['tallies']): SqlStatement[] {
  const gone = tallies.filter((each) => each.count === 0)
  return [
    ...inserts(
      'INSERT OR REPLACE INTO tally (workflow, state, count) VALUES',
      tallies
        .filter((each) => each.count > 0)
        .map((each) => [each.workflow, each.state, each.count]),
    ),
    ...gone.map(
      (each) => sql`DELETE FROM tally WHERE workflow = ${each.workflow} AND state = ${each.state}`,
    ),
  ]
}

/** The statements of a catch-up under this epoch. Journal records it replaces go with it. */
export function catchUpStatements(rows: CatchUp, epoch: number): SqlStatement[] {
  return [
    {
      ...sql`UPDATE reign SET applied_seq = ${rows.seq} WHERE epoch = ${epoch}`,
      mustChange: 1,
    },
    ...applyChanges(rows.seq),
    ...deletion('span', 'lo', rows.removedSpans),
    ...inserts(`INSERT INTO span (${spanColumns}) VALUES`, rows.spans.map(spanValues)),
    ...inserts(`INSERT OR REPLACE INTO job (${jobColumns}) VALUES`, rows.jobs.map(jobValues)),
    ...rows.notes.map(
      ([first, last, text]) => sql`UPDATE job
        SET log = substr(log, 1, length(log) - 1) || ${`,${text}]`}
        WHERE id BETWEEN ${first} AND ${last} AND state IN (${endList})`,
    ),
    ...deletion('job', 'id', rows.removedJobs),
    ...specDeletions(rows.removedSpecs),
    ...edgeInserts(rows.edges),
    ...edgeDeletions(rows.removedRanges),
    ...tallyStatements(rows.tallies),
    sql`DELETE FROM block WHERE seq <= ${rows.seq}`,
    sql`DELETE FROM journal WHERE seq <= ${rows.seq}`,
  ]
}
