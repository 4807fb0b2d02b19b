// Cycles among edges, in time linear in their number and without recursion. Pure.

/** Edges by place: `child[i]` comes after `parent[i]`. */
export interface PlacedEdges {
  readonly child: readonly number[]
  readonly parent: readonly number[]
}

/** Nodes 0..count-1 that come after each other in a circle, the first again at the end; or null. */
export function findCycle(count: number, edges: PlacedEdges): readonly number[] | null {
  const parentsLeft = new Uint32Array(count)
  const childrenEnd = new Uint32Array(count + 1)
  const { length } = edges.parent
  for (let index = 0; index < length; index += 1) {
    const child = edges.child[index] ?? 0
    const parent = edges.parent[index] ?? 0
    parentsLeft[child] = (parentsLeft[child] ?? 0) + 1
    childrenEnd[parent + 1] = (childrenEnd[parent + 1] ?? 0) + 1
  }
  for (let node = 0; node < count; node += 1)
    childrenEnd[node + 1] = (childrenEnd[node + 1] ?? 0) + (childrenEnd[node] ?? 0)
  const children = new Uint32Array(length)
  const next = childrenEnd.slice()
  for (let index = 0; index < length; index += 1) {
    const parent = edges.parent[index] ?? 0
    children[next[parent] ?? 0] = edges.child[index] ?? 0
    next[parent] = (next[parent] ?? 0) + 1
  }
  const free: number[] = []
  for (let node = 0; node < count; node += 1) if (parentsLeft[node] === 0) free.push(node)
  let freed = 0
  for (let node = free.pop(); node !== undefined; node = free.pop()) {
    freed += 1
    for (let at = childrenEnd[node] ?? 0; at < (childrenEnd[node + 1] ?? 0); at += 1) {
      const child = children[at] ?? 0
      parentsLeft[child] = (parentsLeft[child] ?? 0) - 1
      if (parentsLeft[child] === 0) free.push(child)
    }
  }
  return freed === count ? null : walkBack(parentsLeft, edges)
}

/** Every node that is left has a parent that is left: going back must come round. */
function walkBack(parentsLeft: Uint32Array, edges: PlacedEdges): readonly number[] {
  const before = new Map<number, number>()
  for (const [index, child] of edges.child.entries()) {
    const parent = edges.parent[index] ?? 0
    if ((parentsLeft[child] ?? 0) > 0 && (parentsLeft[parent] ?? 0) > 0) before.set(child, parent)
  }
  const steps = new Map<number, number>()
  const path: number[] = []
  let at = before.keys().next().value ?? 0
  while (!steps.has(at)) {
    steps.set(at, path.length)
    path.push(at)
    at = before.get(at) ?? at
  }
  return [...path.slice(steps.get(at)), at]
}

/** Names of a cycle for people: `a → b → a`, each waiting for the next. */
export function cycleText(names: readonly string[]): string {
  if (names.length <= shownMax) return names.join(' → ')
  const left = names.length - shownMax
  return `${names.slice(0, shownMax - 1).join(' → ')} → … ${left} more … → ${names.at(-1)}`
}

const shownMax = 12
