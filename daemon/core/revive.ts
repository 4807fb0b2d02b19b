// Ended jobs on their way back into memory: rows with their shapes, as a record wants them.
import type { JobRequest } from '../../protocol/job.ts'
import type { JobRow, SpanShape } from '../store/rows.ts'
import type { Core } from './core.ts'
import type { JournalRecord, RevivedJob } from './records.ts'
import { isLeaseEnd } from './restore-job.ts'
import { shapeKey, shapeOf } from './shape.ts'
import { fromStore } from './stored-json.ts'
import type { HistoryRecord } from './views.ts'

/** True while the end of the job's attempt is not known: memory knows more than this row. */
export function isAwaited({ log }: JobRow): boolean {
  if (!(log.endsWith('"KILL"]]') || log.endsWith('"HELD"]]'))) return false
  let isOpen = false
  for (const [, event] of fromStore<readonly HistoryRecord[]>(log)) {
    if (event === 'LEASED' || event === 'STEP') isOpen = true
    else if (isLeaseEnd(event)) isOpen = false
  }
  return isOpen
}

/** The shape of each of these rows, in order of id as they are. */
export async function shapesOfRows(
  core: Core,
  rows: readonly JobRow[],
): Promise<readonly { readonly shape: SpanShape; readonly spec: number }[]> {
  const found: { shape: SpanShape; spec: number }[] = []
  const slice = 500
  for (let from = 0; from < rows.length; from += slice) {
    const some = rows.slice(from, from + slice)
    const specs = await core.store.specsOf(some.map(({ id }) => id))
    let at = 0
    let known: { shape: SpanShape; spec: number } | null = null
    for (const { id } of some) {
      for (; (specs[at]?.hi ?? id) < id; at += 1) known = null
      const spec = specs[at]
      if (spec === undefined) throw new Error(`job ${id} has no spec in the store`)
      known ??= { shape: shapeOf(fromStore<JobRequest>(spec.body)), spec: spec.lo }
      found.push(known)
    }
  }
  return found
}

/** The record that brings these rows back. */
export function reviveRecord(
  rows: readonly JobRow[],
  shapes: Awaited<ReturnType<typeof shapesOfRows>>,
): JournalRecord {
  const places = new Map<string, number>()
  const known: SpanShape[] = []
  const jobs = rows.map((row, at): RevivedJob => {
    const found = shapes[at]
    if (found === undefined) throw new Error(`job ${row.id} has no shape`)
    const key = shapeKey(found.shape)
    let place = places.get(key)
    if (place === undefined) {
      place = known.push(found.shape) - 1
      places.set(key, place)
    }
    return [{ ...row, spec: found.spec }, place]
  })
  return ['revive', jobs, known]
}
