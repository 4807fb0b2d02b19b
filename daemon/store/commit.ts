// A turn of the core as the statements of one transaction.
// Must never write a derived row: those follow with the catch-up.

import type { JobId } from '../../protocol/job.ts'
import type { SqlStatement } from '../../protocol/ports.ts'
import type { EdgeRow, SpecRow, TurnCommit } from './rows.ts'
import { sql } from './sql.ts'

/** Rows of one INSERT: long enough to share its cost, short enough for SQLite's parser. */
const rowsPerInsert = 2_000

/** One statement per `rowsPerInsert` rows. `head` ends in VALUES. */
export function inserts(
  head: string,
  rows: readonly (readonly (number | string | null)[])[],
): SqlStatement[] {
  const statements: SqlStatement[] = []
  for (let from = 0; from < rows.length; from += rowsPerInsert) {
    statements.push({ sql: head, rows: rows.slice(from, from + rowsPerInsert) })
  }
  return statements
}

function specValues(row: SpecRow): (number | string | null)[] {
  const { lo, hi, workflow, app, name, arrayFirst } = row
  const isArray = arrayFirst !== null
  return [lo, hi, workflow, app, isArray ? null : name, isArray ? name : null, arrayFirst]
}

/** The statements that put specs down. */
export function specInserts(specs: readonly SpecRow[]): SqlStatement[] {
  return [
    ...inserts(
      'INSERT INTO spec (lo, hi, workflow, app, name, array_name, array_first) VALUES',
      specs.map(specValues),
    ),
    ...inserts(
      'INSERT INTO spec_body (lo, body) VALUES',
      specs.map((each) => [each.lo, each.body]),
    ),
  ]
}

/** The statements that put edges down. One that is there already stays. */
export function edgeInserts(edges: readonly EdgeRow[]): SqlStatement[] {
  return inserts(
    'INSERT OR IGNORE INTO edge (child, child_last, parent, parent_last) VALUES',
    edges.map((each) => [each.child, each.childLast, each.parent, each.parentLast]),
  )
}

/** The statements that write versions of specs down ahead of the turn that decides them. */
export function stageChangeStatements(
  batch: number,
  specs: readonly SpecRow[],
  epoch: number,
): SqlStatement[] {
  return [
    { ...sql`UPDATE reign SET epoch = ${epoch} WHERE epoch = ${epoch}`, mustChange: 1 },
    ...inserts(
      `INSERT INTO spec_change
        (batch, seq, lo, hi, workflow, app, name, array_name, array_first, body) VALUES`,
      specs.map((spec) => [batch, null, ...specValues(spec), spec.body]),
    ),
  ]
}

/** The statement that drops versions which no turn has decided, of this batch or of all. */
export function dropChanges(batch: number | 'all'): SqlStatement {
  return sql`DELETE FROM spec_change WHERE seq IS NULL
    AND ${batch === 'all' ? sql`1` : sql`batch = ${batch}`}`
}

/** The statements that put the versions decided up to `seq` in their place, oldest first. */
export function applyChanges(seq: number): SqlStatement[] {
  return [
    sql`INSERT OR REPLACE INTO spec (lo, hi, workflow, app, name, array_name, array_first)
      SELECT lo, hi, workflow, app, name, array_name, array_first FROM spec_change
      WHERE seq <= ${seq} ORDER BY seq, rowid`,
    sql`INSERT OR REPLACE INTO spec_body (lo, body)
      SELECT lo, body FROM spec_change WHERE seq <= ${seq} ORDER BY seq, rowid`,
    sql`DELETE FROM spec_change WHERE seq <= ${seq}`,
  ]
}

/** The ids of these specs as contiguous ranges. */
function rangesOf(specs: readonly SpecRow[]): [lo: JobId, hi: JobId][] {
  const ranges: [JobId, JobId][] = []
  for (const { lo, hi } of [...specs].sort((a, b) => a.lo - b.lo)) {
    const last = ranges.at(-1)
    if (last !== undefined && last[1] + 1 === lo) last[1] = hi
    else ranges.push([lo, hi])
  }
  return ranges
}

function actorStatements(turn: TurnCommit): SqlStatement[] {
  const statements = inserts(
    'INSERT OR REPLACE INTO actor (kind, id, version, body) VALUES',
    turn.actors.map((each) => [each.kind, each.id, each.version, each.body]),
  )
  for (const { kind, id } of turn.forgottenActors) {
    statements.push(sql`DELETE FROM actor WHERE kind = ${kind} AND id = ${id}`)
  }
  return statements
}

/** What was staged becomes part. One statement for all blocks: a million jobs have a thousand. */
function settled({ seq, settledBlocks, settledChanges }: TurnCommit): SqlStatement[] {
  const changes = settledChanges.map(
    (batch) => sql`UPDATE spec_change SET seq = ${seq} WHERE batch = ${batch} AND seq IS NULL`,
  )
  if (settledBlocks.length === 0) return changes
  const blocks = JSON.stringify(settledBlocks)
  const listed = sql`SELECT value FROM json_each(${blocks})`
  return [sql`UPDATE block SET seq = ${seq} WHERE lo IN (${listed})`, ...changes]
}

/**
 * The statements of a turn. The first takes the journal record only while the epoch is ours:
 * check and write in one, and no other page is touched for it.
 */
export function commitStatements(turn: TurnCommit, epoch: number): SqlStatement[] {
  const { seq, at, body } = turn
  return [
    {
      ...sql`INSERT INTO journal (seq, at, body)
        SELECT ${seq}, ${at}, ${body} FROM reign WHERE epoch = ${epoch}`,
      mustChange: 1,
    },
    ...specInserts(turn.specs),
    ...edgeInserts(turn.edges),
    // Specs stay invisible to queries until the catch-up has put their jobs beside them.
    ...inserts(
      'INSERT INTO block (lo, hi, seq) VALUES',
      rangesOf(turn.specs).map(([lo, hi]) => [lo, hi, seq]),
    ),
    ...settled(turn),
    ...inserts(
      'INSERT OR REPLACE INTO app (name, body) VALUES',
      turn.apps.map((each) => [each.name, JSON.stringify(each)]),
    ),
    ...turn.forgottenApps.map((name) => sql`DELETE FROM app WHERE name = ${name}`),
    ...actorStatements(turn),
    ...inserts(
      'INSERT INTO submission (key, digest, receipt) VALUES',
      turn.submissions.map((each) => [each.key, each.digest, each.receipt]),
    ),
  ]
}

/** The statements that put specs of a reserved block down ahead of their commit. */
export function stageStatements(
  block: { readonly lo: JobId; readonly hi: JobId },
  specs: readonly SpecRow[],
  epoch: number,
): SqlStatement[] {
  return [
    {
      ...sql`INSERT OR REPLACE INTO block (lo, hi, seq)
        SELECT ${block.lo}, ${block.hi}, NULL FROM reign WHERE epoch = ${epoch}`,
      mustChange: 1,
    },
    ...specInserts(specs),
  ]
}

/** The statements that put edges to staged jobs down. */
export function stageEdgesStatements(edges: readonly EdgeRow[], epoch: number): SqlStatement[] {
  return [
    { ...sql`UPDATE reign SET epoch = epoch WHERE epoch = ${epoch}`, mustChange: 1 },
    ...edgeInserts(edges),
  ]
}

/** The statements that drop unsettled blocks, these or all. Their ids are not used again. */
export function unstageStatements(blocks: readonly JobId[] | 'all', epoch: number): SqlStatement[] {
  const which =
    blocks === 'all'
      ? sql`seq IS NULL`
      : sql`seq IS NULL AND lo IN (SELECT value FROM json_each(${JSON.stringify(blocks)}))`
  const edges = sql`SELECT e.child, e.child_last, e.parent, e.parent_last FROM block b
    CROSS JOIN edge e ON e.child BETWEEN b.lo AND b.hi
    WHERE b.lo IN (SELECT lo FROM block WHERE ${which})`
  const specs = sql`SELECT s.lo FROM block b CROSS JOIN spec s ON s.lo BETWEEN b.lo AND b.hi
    WHERE b.lo IN (SELECT lo FROM block WHERE ${which})`
  return [
    {
      ...sql`UPDATE reign
        SET next_job_id = max(next_job_id, coalesce((SELECT max(hi) + 1 FROM block), 0))
        WHERE epoch = ${epoch}`,
      mustChange: 1,
    },
    sql`DELETE FROM edge WHERE (child, child_last, parent, parent_last) IN (${edges})`,
    sql`DELETE FROM spec_body WHERE lo IN (${specs})`,
    sql`DELETE FROM spec WHERE lo IN (${specs})`,
    sql`DELETE FROM block WHERE ${which}`,
  ]
}
