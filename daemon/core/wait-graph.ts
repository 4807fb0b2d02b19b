// Who waits for whom, in flat memory: nodes are jobs or whole arrays, edges lead from a parent to
// whoever waits for it. 10^5 jobs with 2 × 10^5 edges are some megabytes and no objects.
//
// Always: `missing` of a node = its incoming edges whose parent node has jobs that are not
// JOB_FINISHED (`unfinished`). So a parent that is retried is waited for again, and nothing can be
// counted off twice. What follows from the counts is decided elsewhere.
import type { JobId } from '../../protocol/job.ts'

/** Jobs lo..hi, inclusive. */
export interface JobRange {
  readonly lo: JobId
  readonly hi: JobId
}

/** No node, no edge. */
export const none = -1

/** The graph. Nodes are named by small numbers that hold until `clear`. */
export class WaitGraph {
  private lo = new Float64Array(64)
  private hi = new Float64Array(64)
  private unfinishedJobs = new Uint32Array(64)
  private missingEdges = new Uint32Array(64)
  private incomingEdges = new Uint32Array(64)
  private firstOut = new Int32Array(64)
  private nodes = 0
  private child = new Int32Array(64)
  private nextOut = new Int32Array(64)
  private edges = 0
  private readonly singles = new Map<JobId, number>()
  /** Nodes of arrays in order; they don't overlap. */
  private arrays: number[] = []

  /** Number of edges. */
  get size(): number {
    return this.edges
  }

  /** The jobs of a node. */
  rangeOf(node: number): JobRange {
    return { lo: this.lo[node] ?? 0, hi: this.hi[node] ?? 0 }
  }

  /** Edges into this node from nodes with unfinished jobs. */
  missing(node: number): number {
    return this.missingEdges[node] ?? 0
  }

  /** All edges into this node. */
  incoming(node: number): number {
    return this.incomingEdges[node] ?? 0
  }

  /** Whoever waits for this node; once for each edge. */
  *childrenOf(parent: number): IterableIterator<number> {
    let edge = this.firstOut[parent] ?? none
    for (; edge !== none; edge = this.nextOut[edge] ?? none) yield this.child[edge] ?? none
  }

  /** Nodes that hold one of jobs lo..hi, in order of their first job. */
  nodesIn(lo: JobId, hi: JobId): number[] {
    const found: number[] = []
    for (let at = this.firstArray(lo); at < this.arrays.length; at += 1) {
      const node = this.arrays[at] ?? none
      if ((this.lo[node] ?? 0) > hi) break
      found.push(node)
    }
    const isNarrow = hi - lo < this.singles.size
    if (isNarrow && found.length === 0) {
      // In order by themselves.
      for (let id = lo; id <= hi; id += 1) {
        const node = this.singles.get(id)
        if (node !== undefined) found.push(node)
      }
      return found
    }
    if (isNarrow) {
      for (let id = lo; id <= hi; id += 1) {
        const node = this.singles.get(id)
        if (node !== undefined) found.push(node)
      }
    } else {
      for (const [id, node] of this.singles) if (lo <= id && id <= hi) found.push(node)
    }
    if (found.length < 2) return found
    return found.sort((one, other) => (this.lo[one] ?? 0) - (this.lo[other] ?? 0))
  }

  /** The node of these jobs, made with so many unfinished ones when it is new. */
  node(lo: JobId, hi: JobId, unfinished: number): number {
    const at = lo === hi ? none : this.firstArray(lo)
    const known = lo === hi ? this.singles.get(lo) : this.arrays[at]
    if (known !== undefined && this.lo[known] === lo && this.hi[known] === hi) return known
    const node = this.nodes
    this.nodes += 1
    if (node === this.lo.length) this.growNodes()
    this.lo[node] = lo
    this.hi[node] = hi
    this.unfinishedJobs[node] = unfinished
    this.missingEdges[node] = 0
    this.incomingEdges[node] = 0
    this.firstOut[node] = none
    if (lo === hi) this.singles.set(lo, node)
    else this.arrays.splice(at, 0, node)
    return node
  }

  /** Lets one node wait for another. */
  link(child: number, parent: number): void {
    const edge = this.edges
    this.edges += 1
    if (edge === this.child.length) {
      this.child = grown(this.child, new Int32Array(edge * 2))
      this.nextOut = grown(this.nextOut, new Int32Array(edge * 2))
    }
    this.child[edge] = child
    this.nextOut[edge] = this.firstOut[parent] ?? none
    this.firstOut[parent] = edge
    this.incomingEdges[child] = this.incoming(child) + 1
    if ((this.unfinishedJobs[parent] ?? 0) > 0) this.missingEdges[child] = this.missing(child) + 1
  }

  /** So many jobs of a node have (or with a negative count have no longer) finished. */
  finish(node: number, jobs: number, onFree: (child: number) => void): void {
    const before = this.unfinishedJobs[node] ?? 0
    const left = before - jobs
    if (left < 0)
      throw new Error(`more jobs of ${this.lo[node]} and on have finished than there are`)
    this.unfinishedJobs[node] = left
    if ((before === 0) === (left === 0)) return
    for (const child of this.childrenOf(node)) {
      const missing = this.missing(child) + (left === 0 ? -1 : 1)
      this.missingEdges[child] = missing
      if (missing === 0) onFree(child)
    }
  }

  /** Keeps only the edges into nodes that are wanted. Nodes get new numbers. */
  sift(isWanted: (child: JobRange) => boolean): void {
    const { lo, hi, unfinishedJobs, firstOut, child, nextOut, nodes } = this
    const wanted = new Uint8Array(nodes)
    for (let node = 0; node < nodes; node += 1)
      wanted[node] = this.incoming(node) > 0 && isWanted(this.rangeOf(node)) ? 1 : 0
    this.clear()
    const again = (node: number): number =>
      this.node(lo[node] ?? 0, hi[node] ?? 0, unfinishedJobs[node] ?? 0)
    for (let parent = 0; parent < nodes; parent += 1) {
      let edge = firstOut[parent] ?? none
      for (; edge !== none; edge = nextOut[edge] ?? none) {
        const to = child[edge] ?? none
        if (wanted[to] === 1) this.link(again(to), again(parent))
      }
    }
  }

  /** Place of the first array that reaches to this job or beyond. */
  private firstArray(id: JobId): number {
    let low = 0
    let high = this.arrays.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.hi[this.arrays[middle] ?? none] ?? 0) < id) low = middle + 1
      else high = middle
    }
    return low
  }

  private clear(): void {
    this.lo = new Float64Array(64)
    this.hi = new Float64Array(64)
    this.unfinishedJobs = new Uint32Array(64)
    this.missingEdges = new Uint32Array(64)
    this.incomingEdges = new Uint32Array(64)
    this.firstOut = new Int32Array(64)
    this.nodes = 0
    this.child = new Int32Array(64)
    this.nextOut = new Int32Array(64)
    this.edges = 0
    this.singles.clear()
    this.arrays = []
  }

  private growNodes(): void {
    const size = this.lo.length * 2
    this.lo = grown(this.lo, new Float64Array(size))
    this.hi = grown(this.hi, new Float64Array(size))
    this.unfinishedJobs = grown(this.unfinishedJobs, new Uint32Array(size))
    this.missingEdges = grown(this.missingEdges, new Uint32Array(size))
    this.incomingEdges = grown(this.incomingEdges, new Uint32Array(size))
    this.firstOut = grown(this.firstOut, new Int32Array(size))
  }
}

function grown<Numbers extends Float64Array | Uint32Array | Int32Array>(
  old: Numbers,
  larger: Numbers,
): Numbers {
  larger.set(old)
  return larger
}

/** Ranges in order, alike neighbours in one; of overlapping ones the first counts. */
export function merged<Range extends JobRange>(
  ranges: readonly Range[],
  isAlike: (one: Range, other: Range) => boolean,
): readonly Range[] {
  if (ranges.length < 2) return ranges
  const result: Range[] = []
  for (const range of ranges.toSorted((one, other) => one.lo - other.lo)) {
    const last = result.at(-1)
    if (last !== undefined && range.lo <= last.hi + 1 && isAlike(last, range)) {
      if (range.hi > last.hi) result[result.length - 1] = { ...last, hi: range.hi }
    } else result.push(range)
  }
  return result
}
