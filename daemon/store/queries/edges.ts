// Parents and children. An edge's ends are jobs or whole arrays; the arrays of a column don't
// overlap, so the one over a job is that with the next end. Must never expand an array in SQL.
import type { JobId } from '../../../protocol/job.ts'
import type { SqlQuery, SqlRow } from '../../../protocol/ports.ts'
import type { EdgeRow, FinishedCount } from '../rows.ts'
import { numberOf, sql } from '../sql.ts'
import type { Kin, SomeJobs } from '../store.ts'

/** AWAITING_PARENTS and JOB_FINISHED. */
const awaiting = 1
const finished = 8

function edgeOf(row: SqlRow): EdgeRow {
  return {
    child: numberOf(row, 'child'),
    childLast: numberOf(row, 'child_last'),
    parent: numberOf(row, 'parent'),
    parentLast: numberOf(row, 'parent_last'),
  }
}

/** Edges of waiting jobs, in order, and how many jobs at their ends have finished. */
export async function waitingEdges(
  all: SqlQuery,
): Promise<{ readonly edges: readonly EdgeRow[]; readonly finished: readonly FinishedCount[] }> {
  const edges = `WITH w (lo, hi) AS (SELECT lo, hi FROM span WHERE state = ${awaiting}
      UNION ALL SELECT id, id FROM job WHERE state = ${awaiting}),
    e AS (SELECT e.* FROM w CROSS JOIN edge e ON e.child BETWEEN w.lo AND w.hi
      UNION SELECT e.* FROM w CROSS JOIN edge e ON e.child_last > e.child AND e.child <= w.hi
      AND e.child_last BETWEEN w.lo AND coalesce((SELECT min(child_last) FROM edge
        WHERE child_last > child AND child_last >= w.hi), w.hi))`
  const rows = await all(`${edges} SELECT * FROM e ORDER BY 1, 2, 3, 4`)
  const counts = await all(`${edges}, n (lo, hi) AS (SELECT child, child_last FROM e
      UNION SELECT parent, parent_last FROM e)
    SELECT n.lo, n.hi, (SELECT count(*) FROM job j
      WHERE j.id BETWEEN n.lo AND n.hi AND j.state = ${finished}) AS finished FROM n`)
  return {
    edges: rows.map(edgeOf),
    finished: counts.map((row) => ({
      first: numberOf(row, 'lo'),
      last: numberOf(row, 'hi'),
      finished: numberOf(row, 'finished'),
    })),
  }
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
