// Would new edges close a circle with those that are there already? Goes from children to their
// children, once each, without recursion.
import type { JobId } from '../../protocol/job.ts'
import type { EdgeRow } from '../store/rows.ts'
import type { JobRange } from './wait-graph.ts'

/**
 * Jobs that wait for each other in a circle, the first again at the end; null when there is none.
 * `below`: the edges among what comes after the new edges' children.
 */
export function findCircle(
  added: readonly (readonly [parent: JobId, child: JobId])[],
  below: readonly EdgeRow[],
): readonly JobRange[] | null {
  if (below.length === 0 && added.length < 2) return null
  const next = childrenBy([
    ...below,
    ...added.map(([parent, child]) => ({ child, childLast: child, parent, parentLast: parent })),
  ])
  const done = new Set<string>()
  for (const [, child] of added) {
    const circle = search({ lo: child, hi: child }, next, done)
    if (circle !== null) return circle
  }
  return null
}

/** Who comes after one of some jobs, by these edges. */
function childrenBy(edges: readonly EdgeRow[]): (range: JobRange) => JobRange[] {
  const ofJob = new Map<JobId, JobRange[]>()
  const ofArrays: { readonly parent: JobRange; readonly child: JobRange }[] = []
  for (const { child: lo, childLast: hi, parent, parentLast } of edges) {
    const child = { lo, hi }
    const known = ofJob.get(parent)
    if (parent !== parentLast) ofArrays.push({ parent: { lo: parent, hi: parentLast }, child })
    else if (known === undefined) ofJob.set(parent, [child])
    else known.push(child)
  }
  return ({ lo, hi }) => {
    const found = ofArrays.flatMap(({ parent, child }) =>
      parent.lo <= hi && parent.hi >= lo ? [child] : [],
    )
    if (hi - lo < ofJob.size) {
      for (let id = lo; id <= hi; id += 1) found.push(...(ofJob.get(id) ?? []))
    } else {
      for (const [id, children] of ofJob) if (lo <= id && id <= hi) found.push(...children)
    }
    return found
  }
}

interface Step {
  readonly range: JobRange
  readonly key: string
  readonly children: JobRange[]
}

function search(
  start: JobRange,
  next: (range: JobRange) => JobRange[],
  done: Set<string>,
): readonly JobRange[] | null {
  const path: Step[] = []
  const onPath = new Map<string, number>()
  const enter = (range: JobRange): readonly JobRange[] | null => {
    const key = `${range.lo}-${range.hi}`
    const at = onPath.get(key)
    // The path leads from parents to children; told is who waits for whom.
    if (at !== undefined) {
      const circle = path.slice(at).map((step) => step.range)
      return [range, ...circle.toReversed()]
    }
    if (done.has(key)) return null
    onPath.set(key, path.length)
    path.push({ range, key, children: next(range) })
    return null
  }
  enter(start)
  for (let step = path.at(-1); step !== undefined; step = path.at(-1)) {
    const child = step.children.pop()
    if (child === undefined) {
      done.add(step.key)
      onPath.delete(step.key)
      path.pop()
      continue
    }
    const circle = enter(child)
    if (circle !== null) return circle
  }
  return null
}
