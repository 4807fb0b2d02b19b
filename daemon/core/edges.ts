// The edges of a site, one by one, for whoever draws or copies it. Reads only.
import type { JobEdge } from '../../protocol/calls.ts'
import { fault } from '../../protocol/faults.ts'
import type { JobFilter, JobId } from '../../protocol/job.ts'
import type { EdgeRow } from '../store/rows.ts'
import type { Core } from './core.ts'

type Range = readonly [first: JobId, last: JobId]

/** Jobs whose edges are read at once: some ms. */
const windowJobs = 2_000
/** Edges given at once: an array after an array has as many as the product of their sizes. */
const pageEdges = 5_000

/** Every edge whose child matches, some at a time, by child. */
export async function* listEdges(
  core: Core,
  filter: JobFilter,
): AsyncGenerator<readonly JobEdge[], void, undefined> {
  await core.settled()
  const ranges = await core.store.match(filter)
  if (ranges.length === 0) throw fault('NOTHING_MATCHED')
  for (const window of windowsOf(ranges)) {
    const rows = await core.store.edgesInto(window)
    let page: JobEdge[] = []
    for (const edge of expanded(rows, window)) {
      page.push(edge)
      if (page.length < pageEdges) continue
      yield page
      page = []
    }
    if (page.length > 0) yield page
  }
}

/** The same ranges, cut and put together to about `windowJobs` jobs each. */
function* windowsOf(ranges: readonly Range[]): IterableIterator<readonly Range[]> {
  let window: Range[] = []
  let room = windowJobs
  for (const [first, last] of ranges) {
    for (let from = first; from <= last; ) {
      const to = Math.min(last, from + room - 1)
      window.push([from, to])
      room -= to - from + 1
      from = to + 1
      if (room > 0) continue
      yield window
      window = []
      room = windowJobs
    }
  }
  if (window.length > 0) yield window
}

function* expanded(rows: readonly EdgeRow[], window: readonly Range[]): IterableIterator<JobEdge> {
  for (const { child: lo, childLast, parent: low, parentLast } of rows) {
    for (const [first, last] of window) {
      for (let child = Math.max(lo, first); child <= Math.min(childLast, last); child += 1)
        for (let parent = low; parent <= parentLast; parent += 1) yield { parent, child }
    }
  }
}
