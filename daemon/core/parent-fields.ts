// The column `parents` of a list: who each job of a page waits or waited for. Reads only.
import type { JobId } from '../../protocol/job.ts'
import { limits } from '../../protocol/limits.ts'
import type { EdgeRow } from '../store/rows.ts'
import type { Core } from './core.ts'

/** The parents of each of these jobs, in order of id; of an array's many only the first. */
export async function parentsOf(
  core: Core,
  ids: readonly JobId[],
): Promise<ReadonlyMap<JobId, readonly JobId[]>> {
  const ranges = ids.toSorted((one, other) => one - other).map((id) => [id, id] as const)
  const singles = new Map<JobId, EdgeRow[]>()
  const arrays: EdgeRow[] = []
  for (const edge of await core.store.edgesInto(ranges)) {
    if (edge.child !== edge.childLast) arrays.push(edge)
    else if (singles.get(edge.child)?.push(edge) === undefined) singles.set(edge.child, [edge])
  }
  const parents = new Map<JobId, readonly JobId[]>()
  for (const id of ids) {
    const own = singles.get(id) ?? []
    const shared = arrays.filter(({ child, childLast }) => child <= id && id <= childLast)
    parents.set(id, expanded([...own, ...shared]))
  }
  return parents
}

function expanded(edges: readonly EdgeRow[]): readonly JobId[] {
  const max = limits.listedParentsMax
  const found = new Set<JobId>()
  for (const { parent, parentLast } of edges) {
    const last = Math.min(parentLast, parent + max)
    for (let id = parent; id <= last && found.size < max; id += 1) found.add(id)
  }
  return [...found].sort((one, other) => one - other)
}
