// Would new edges close a circle with those that are waited for already? Goes from children to
// their children, once each, without recursion.
import type { JobRange } from './wait-graph.ts'

/** Jobs that come after each other in a circle, the first again at the end; null: there is none. */
export function cycleThrough(
  added: readonly (readonly [child: JobRange, parents: readonly JobRange[]])[],
  waitersOf: (range: JobRange) => readonly JobRange[],
): readonly JobRange[] | null {
  const childrenOf = new Map<number, JobRange[]>()
  for (const [child, parents] of added) {
    for (const { lo, hi } of parents) {
      // Arrays among the parents were there before, so they are in the graph.
      if (lo !== hi) continue
      const known = childrenOf.get(lo)
      if (known === undefined) childrenOf.set(lo, [child])
      else known.push(child)
    }
  }
  const next = (range: JobRange): JobRange[] => [
    ...waitersOf(range),
    ...(range.lo === range.hi
      ? (childrenOf.get(range.lo) ?? [])
      : [...childrenOf].flatMap(([id, some]) => (range.lo <= id && id <= range.hi ? some : []))),
  ]
  const done = new Set<string>()
  for (const [child] of added) {
    const circle = search(child, next, done)
    if (circle !== null) return circle
  }
  return null
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
