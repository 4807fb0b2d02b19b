// Parents and children. An edge's ends are jobs or whole arrays; the arrays of a column don't
// overlap, so the one over a job is that with the next end. Must never expand an array in SQL.
import type { JobId } from '../../../protocol/job.ts'
import type { SqlQuery, SqlRow } from '../../../protocol/ports.ts'
import { endStates, stateNumber } from '../../../protocol/states.ts'
import type { EdgeRow, Standing } from '../rows.ts'
import { numberOf, numberOrNull, type Sql, sql } from '../sql.ts'
import type { Kin, SomeJobs } from '../store.ts'

const awaiting = stateNumber('AWAITING_PARENTS') ?? -1
const finished = stateNumber('JOB_FINISHED') ?? -1
const endNumbers = endStates.map((state) => stateNumber(state) ?? -1)

function edgeOf(row: SqlRow): EdgeRow {
  return {
    child: numberOf(row, 'child'),
    childLast: numberOf(row, 'child_last'),
    parent: numberOf(row, 'parent'),
    parentLast: numberOf(row, 'parent_last'),
  }
}

/** Edges of waiting jobs, in order, and how the jobs at their ends stand. */
export async function waitingEdges(
  all: SqlQuery,
): Promise<{ readonly edges: readonly EdgeRow[]; readonly ends: readonly Standing[] }> {
  const rows = await all(`WITH w (lo, hi) AS (SELECT lo, hi FROM span WHERE state = ${awaiting}
      UNION ALL SELECT id, id FROM job WHERE state = ${awaiting})
    SELECT e.* FROM w CROSS JOIN edge e ON e.child BETWEEN w.lo AND w.hi
    UNION SELECT e.* FROM w CROSS JOIN edge e ON e.child_last > e.child AND e.child <= w.hi
      AND e.child_last BETWEEN w.lo AND coalesce((SELECT min(child_last) FROM edge
        WHERE child_last > child AND child_last >= w.hi), w.hi)
    ORDER BY 1, 2, 3, 4`)
  const edges = rows.map(edgeOf)
  const ranges = new Map<string, readonly [JobId, JobId]>()
  for (const { child, childLast, parent, parentLast } of edges) {
    ranges.set(`${child}-${childLast}`, [child, childLast])
    ranges.set(`${parent}-${parentLast}`, [parent, parentLast])
  }
  return { edges, ends: await standingOf(all, [...ranges.values()]) }
}

/** How the jobs of each of these ranges stand. */
export async function standingOf(
  all: SqlQuery,
  ranges: readonly (readonly [first: JobId, last: JobId])[],
): Promise<readonly Standing[]> {
  if (ranges.length === 0) return []
  const rowsWhere = (condition: string): Sql => ({
    sql: `(SELECT count(*) FROM job j WHERE j.id BETWEEN n.lo AND n.hi AND ${condition})`,
    params: [],
  })
  const spansWhere = (condition: string): Sql => ({
    sql: `(SELECT coalesce(sum(min(p.hi, n.hi) - max(p.lo, n.lo) + 1), 0) FROM span p
      WHERE p.lo BETWEEN coalesce((SELECT max(lo) FROM span WHERE lo <= n.lo), 0) AND n.hi
      AND p.hi >= n.lo AND ${condition})`,
    params: [],
  })
  const ends = endNumbers.join()
  const failed = endNumbers.filter((state) => state !== finished).join()
  const query = sql`WITH n (lo, hi) AS (SELECT value ->> 0, value ->> 1
      FROM json_each(${JSON.stringify(ranges)}))
    SELECT n.lo, n.hi,
      ${rowsWhere(`j.state <> ${finished}`)} + ${spansWhere(`p.state <> ${finished}`)}
        AS unfinished,
      ${rowsWhere(`j.state NOT IN (${ends})`)} + ${spansWhere('1')} AS in_memory,
      coalesce((SELECT max(j.state) FROM job j
          WHERE j.id BETWEEN n.lo AND n.hi AND j.state IN (${plain(failed)})),
        (SELECT max(p.state) FROM span p
          WHERE p.lo BETWEEN coalesce((SELECT max(lo) FROM span WHERE lo <= n.lo), 0) AND n.hi
          AND p.hi >= n.lo AND p.state IN (${plain(failed)}))) AS failed
    FROM n`
  const rows = await all(query.sql, query.params)
  return rows.map((row) => ({
    first: numberOf(row, 'lo'),
    last: numberOf(row, 'hi'),
    unfinished: numberOf(row, 'unfinished'),
    inMemory: numberOf(row, 'in_memory'),
    failed: numberOrNull(row, 'failed'),
  }))
}

/** Text of SQL that has no values. */
function plain(text: string): Sql {
  return { sql: text, params: [] }
}

/** Numbers of the states of those of these jobs that exist. */
export async function statesOf(
  all: SqlQuery,
  ids: readonly JobId[],
): Promise<ReadonlyMap<JobId, number>> {
  const wanted = JSON.stringify(ids)
  const query = sql`SELECT j.id, j.state FROM json_each(${wanted}) e
      CROSS JOIN job j ON j.id = e.value
    UNION ALL SELECT e.value, p.state FROM json_each(${wanted}) e
      CROSS JOIN span p ON p.lo = (SELECT max(lo) FROM span WHERE lo <= e.value)
      AND p.hi >= e.value`
  const rows = await all(query.sql, query.params)
  return new Map(rows.map((row) => [numberOf(row, 'id'), numberOf(row, 'state')]))
}

/** The parents and the children of a job, in order of id, up to so many. */
export async function kinOf(all: SqlQuery, id: JobId, max: number): Promise<Kin> {
  const parents = sql`SELECT parent AS lo, parent_last AS hi FROM edge WHERE child = ${id}
    UNION SELECT parent, parent_last FROM edge WHERE child_last > child AND child <= ${id}
    AND child_last = (SELECT min(child_last) FROM edge
      WHERE child_last > child AND child_last >= ${id})
    ORDER BY 1`
  // Jobs of a submission that is still coming in are nobody's children yet.
  const children = sql`SELECT child AS lo, child_last AS hi FROM edge e WHERE (parent = ${id}
      OR (parent_last > parent AND parent <= ${id} AND parent_last = (SELECT min(parent_last)
        FROM edge WHERE parent_last > parent AND parent_last >= ${id})))
    AND NOT EXISTS (SELECT 1 FROM block b
      WHERE b.lo = (SELECT max(lo) FROM block WHERE lo <= e.child) AND b.hi >= e.child)
    ORDER BY 1`
  return {
    parents: expanded(await all(parents.sql, parents.params), max),
    children: expanded(await all(children.sql, children.params), max),
  }
}

/** Ranges in order as ids; an element of an array may be in the array's range, too. */
function expanded(rows: readonly SqlRow[], max: number): SomeJobs {
  const ids: JobId[] = []
  let total = 0
  let next = 0
  for (const row of rows) {
    const hi = numberOf(row, 'hi')
    const lo = Math.max(next, numberOf(row, 'lo'))
    if (hi < lo) continue
    for (let id = lo; id <= hi && ids.length < max; id += 1) ids.push(id)
    total += hi - lo + 1
    next = hi + 1
  }
  return { ids, total }
}

/** Edges into jobs of these ranges, also those into arrays that only begin or end there. */
export async function edgesInto(
  all: SqlQuery,
  ranges: readonly (readonly [first: JobId, last: JobId])[],
): Promise<readonly EdgeRow[]> {
  const query = sql`WITH r AS (SELECT value ->> 0 AS lo, value ->> 1 AS hi
      FROM json_each(${JSON.stringify(ranges)}))
    SELECT e.* FROM r CROSS JOIN edge e ON e.child BETWEEN r.lo AND r.hi
    UNION SELECT e.* FROM r CROSS JOIN edge e ON e.child_last > e.child AND e.child < r.lo
    AND e.child_last = (SELECT min(child_last) FROM edge
      WHERE child_last > child AND child_last >= r.lo)
    ORDER BY 1, 2, 3, 4`
  const rows = await all(query.sql, query.params)
  return rows.map(edgeOf)
}

/**
 * Edges into jobs that come after the children of new edges, also by way of these; none when no
 * parent is among those jobs: then no circle can be closed.
 */
export async function edgesBelow(
  all: SqlQuery,
  added: readonly (readonly [parent: JobId, child: JobId])[],
): Promise<readonly EdgeRow[]> {
  const below = sql`WITH RECURSIVE n (parent, child) AS (SELECT value ->> 0, value ->> 1
      FROM json_each(${JSON.stringify(added)})),
    d (lo, hi) AS (SELECT child, child FROM n
      UNION SELECT n.child, n.child FROM d CROSS JOIN n ON n.parent BETWEEN d.lo AND d.hi
      UNION SELECT e.child, e.child_last FROM d
        CROSS JOIN edge e ON e.parent BETWEEN d.lo AND d.hi
      UNION SELECT e.child, e.child_last FROM d
        CROSS JOIN edge e ON e.parent_last > e.parent AND e.parent < d.lo
        AND e.parent_last = (SELECT min(parent_last) FROM edge
          WHERE parent_last > parent AND parent_last >= d.lo))`
  const [met] = await all(
    `${below.sql} SELECT 1 FROM n CROSS JOIN d ON n.parent BETWEEN d.lo AND d.hi LIMIT 1`,
    below.params,
  )
  if (met === undefined) return []
  const rows = await all(
    `${below.sql} SELECT e.* FROM d CROSS JOIN edge e ON e.child = d.lo AND e.child_last = d.hi
      ORDER BY 1, 2, 3, 4`,
    below.params,
  )
  return rows.map(edgeOf)
}
