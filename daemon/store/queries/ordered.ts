// A page of jobs in any order: the keys of all matching jobs are sorted, but only as many kept as
// the page reaches to. Must never sort an array's elements by what they have in common.
import type { JobId } from '../../../protocol/job.ts'
import type { SqlQuery } from '../../../protocol/ports.ts'
import { jobOf, spanOf } from '../columns.ts'
import { joined, numberOf, type Sql, sql } from '../sql.ts'
import { columnOf, rowSource, spanSource } from './columns.ts'
import { isByRange } from './counts.ts'
import { everything, type Wanted } from './filter.ts'
import type { Found } from './list.ts'
import { spanColumns } from './parts.ts'
import { allFrom, type Plan } from './where-parts.ts'

interface Key {
  readonly field: string
  readonly isDescending: boolean
}

/** Columns of an order. After an id nothing more can be told apart. */
function keysOf(order: readonly string[]): { readonly keys: Key[]; readonly byId: Key } {
  const keys: Key[] = []
  for (const word of order) {
    const isDescending = word.startsWith('-')
    const key = { field: isDescending ? word.slice(1) : word, isDescending }
    if (key.field === 'id') return { keys, byId: key }
    keys.push(key)
  }
  return { keys, byId: { field: 'id', isDescending: false } }
}

const descending = sql` DESC`
const ascending = sql``

/** Jobs `offset` and on in this order, at most `limit`. */
export async function orderedPage(
  all: SqlQuery,
  want: Wanted,
  order: readonly string[],
  offset: number,
  limit: number,
): Promise<Found[]> {
  const { keys, byId } = keysOf(order)
  const columns = keys.map(({ field }) => columnOf(field, want.siteDirectory))
  const plan: Plan = {
    want,
    window: everything,
    isByRange: await isByRange(all, want),
    needsBody: columns.some((column) => column.needsBody),
    isSingly: columns.some((column) => column.isOfElement),
  }
  const parts = allFrom(plan, (part, lo, hi) => {
    const source = part === 'row' ? rowSource : spanSource(lo)
    const values = columns.map((column, at) => sql`${column.value(source)} AS k${raw(at)}`)
    return joined([sql`${lo} AS lo`, sql`${hi} AS hi`, ...values], ', ')
  })
  const way = byId.isDescending ? descending : ascending
  const sorting = joined(
    [
      ...keys.map((key, at) => sql`k${raw(at)}${key.isDescending ? descending : ascending}`),
      sql`lo${way}`,
    ],
    ', ',
  )
  // Each part is at least one job, so no more of them are needed than jobs are.
  const query = sql`SELECT lo, hi, reach FROM (
      SELECT lo, hi, sum(hi - lo + 1) OVER (ORDER BY ${sorting} ROWS UNBOUNDED PRECEDING) AS reach
      FROM (SELECT * FROM (${parts}) ORDER BY ${sorting} LIMIT ${offset + limit}))
    WHERE reach > ${offset} ORDER BY reach LIMIT ${limit}`
  const rows = await all(query.sql, query.params)
  const ids: JobId[] = []
  for (const row of rows) {
    const [lo, hi, reach] = [numberOf(row, 'lo'), numberOf(row, 'hi'), numberOf(row, 'reach')]
    const size = hi - lo + 1
    for (let at = Math.max(0, offset - (reach - size)); at < size && ids.length < limit; at += 1) {
      ids.push(byId.isDescending ? hi - at : lo + at)
    }
  }
  return jobsAt(all, ids)
}

/** A number as part of a name in SQL. */
function raw(number: number): Sql {
  return { sql: String(number), params: [] }
}

/** Rows and spans of these jobs, in the order asked for. */
async function jobsAt(all: SqlQuery, ids: readonly JobId[]): Promise<Found[]> {
  const listed = sql`json_each(${JSON.stringify(ids)}) e`
  const byRow = sql`SELECT j.* FROM ${listed} CROSS JOIN job j ON j.id = e.value`
  const bySpan = sql`SELECT e.value AS id, ${spanColumns} FROM ${listed} CROSS JOIN span p
    ON p.lo = (SELECT max(lo) FROM span WHERE lo <= e.value) AND p.hi >= e.value`
  const found = new Map<JobId, Found>()
  for (const row of await all(byRow.sql, byRow.params)) {
    const job = jobOf(row)
    found.set(job.id, { id: job.id, row: job, span: null })
  }
  for (const row of await all(bySpan.sql, bySpan.params)) {
    const id = numberOf(row, 'id')
    found.set(id, { id, row: null, span: spanOf(row) })
  }
  return ids.flatMap((id) => found.get(id) ?? [])
}
