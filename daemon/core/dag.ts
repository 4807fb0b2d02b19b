// What follows for waiting jobs when others end: counted here from the moves that are told, acted
// upon by parents.ts. Nobody's state is changed here.
import type { JobId } from '../../protocol/job.ts'
import { stateNumber } from '../../protocol/states.ts'
import type { EdgeSet } from './records.ts'
import { type JobRange, merged, none, WaitGraph } from './wait-graph.ts'

/** Who has failed, so that others fail: the first in a chain. */
interface Culprit {
  readonly culprit: JobId
  /** State number of the culprit. */
  readonly state: number
  /** False: there are others between the culprit and who fails now. */
  readonly isDirect: boolean
}

/** Jobs that fail with a parent. */
export type Failure = JobRange & Culprit

/** What follows from the moves so far. The ranges of each list are in order. */
export interface DagNews {
  readonly failed: readonly Failure[]
  readonly released: readonly JobRange[]
}

interface Move extends JobRange {
  readonly from: number
  readonly to: number
}

/** A node some of whose jobs have failed, or do so now. */
interface Failing {
  readonly node: number
  readonly culprit: Culprit
}

/** True when one of these jobs waits. */
export type IsWaiting = (range: JobRange) => boolean

const finished = stateNumber('JOB_FINISHED') ?? -1
const failures: ReadonlySet<number> = new Set(
  ['FAILED', 'USER_KILLED'].map((state) => stateNumber(state) ?? -1),
)

/** Stale edges are bearable up to here while they are fewer than the others. */
const staleEdgesMax = 10_000

/** All waiting of a site. */
export class Dag {
  private readonly graph = new WaitGraph()
  /** About how many edges lead to jobs that wait no more; they are kept until `compact`. */
  private stale = 0
  private moves: Move[] = []
  private failing: Failing[] = []
  private candidates: number[] = []
  /** Jobs that came to wait and have no parents. */
  private free: JobRange[] = []
  private isFollowed = false

  /** Edges held, with stale ones. */
  get size(): number {
    return this.graph.size
  }

  /** Takes edges in. What they make of the waiting jobs is in the next news. */
  add(set: EdgeSet): void {
    const { graph } = this
    const indices: number[] = []
    for (let at = 0; at < set.nodes.length; at += 3) {
      const lo = set.nodes[at] ?? 0
      const hi = lo + (set.nodes[at + 1] ?? 0) - 1
      indices.push(graph.node(lo, hi, set.nodes[at + 2] ?? 0))
    }
    const children = new Set<number>()
    for (let at = 0; at < set.edges.length; at += 2) {
      const child = indices[set.edges[at] ?? 0] ?? none
      graph.link(child, indices[set.edges[at + 1] ?? 0] ?? none)
      if (graph.missing(child) === 0) children.add(child)
    }
    for (const child of children) this.candidates.push(child)
    for (const [index, state] of set.failed) {
      const node = indices[index] ?? none
      const { lo } = graph.rangeOf(node)
      this.failing.push({ node, culprit: { culprit: lo, state, isDirect: true } })
    }
  }

  /** Jobs lo..hi went from one state to another. */
  moved(lo: JobId, hi: JobId, from: number, to: number): void {
    if (this.graph.size === 0) return
    const isFailing = failures.has(to) && !this.isFollowed
    if (from !== finished && to !== finished && !isFailing) return
    this.moves.push({ lo, hi, from, to })
  }

  /** This job has come to wait: when it has nothing to wait for, the next news release it. */
  look(id: JobId): void {
    const nodes = this.graph.nodesIn(id, id)
    for (const node of nodes) this.candidates.push(node)
    if (nodes.length === 0) this.free.push({ lo: id, hi: id })
  }

  /**
   * What followed since the last call; null when nothing did. `isWaiting` is true when one of these
   * jobs still waits: then it fails, and so does who waits for it.
   */
  takeNews(isWaiting: IsWaiting): DagNews | null {
    const { moves, failing } = this
    const isQuiet = moves.length === 0 && failing.length === 0 && this.free.length === 0
    if (isQuiet && this.candidates.length === 0) return null
    this.moves = []
    this.failing = []
    const failed: Failure[] = []
    const open: Failing[] = [...failing]
    for (const move of moves) this.count(move, open)
    this.fail(open, isWaiting, failed)
    const released = [...this.free, ...this.candidates.flatMap((node) => this.releasable(node))]
    this.candidates = []
    this.free = []
    return { failed: merged(failed, isSameFailure), released: merged(released, () => true) }
  }

  /** Runs what lets jobs of the news fail: who fails with them is in the same news. */
  following(change: () => void): void {
    this.isFollowed = true
    change()
    this.isFollowed = false
  }

  /** Who waits for one of these jobs, directly or through others that wait. */
  descendants(ranges: readonly JobRange[], isWaiting: IsWaiting): readonly JobRange[] {
    const { graph } = this
    const seen = new Set<number>()
    const found: JobRange[] = []
    const open = ranges.flatMap(({ lo, hi }) => graph.nodesIn(lo, hi))
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      for (const child of graph.childrenOf(node)) {
        const range = graph.rangeOf(child)
        if (seen.has(child) || !isWaiting(range)) continue
        seen.add(child)
        found.push(range)
        for (const next of graph.nodesIn(range.lo, range.hi)) open.push(next)
      }
    }
    return merged(found, () => true)
  }

  /** Who waits, or waited, for one of jobs lo..hi directly. */
  waitersOf(lo: JobId, hi: JobId): readonly JobRange[] {
    const { graph } = this
    const children = graph.nodesIn(lo, hi).flatMap((node) => [...graph.childrenOf(node)])
    return merged(
      children.map((child) => graph.rangeOf(child)),
      () => true,
    )
  }

  /** Drops stale edges once they are many. */
  compact(isWaiting: IsWaiting): void {
    const { graph, stale } = this
    if (stale === 0 || (stale < graph.size && stale * 2 < graph.size + staleEdgesMax)) return
    this.stale = 0
    graph.sift(isWaiting)
  }

  private count(move: Move, failing: Failing[]): void {
    const { graph } = this
    for (const node of graph.nodesIn(move.lo, move.hi)) {
      const { lo, hi } = graph.rangeOf(node)
      const first = Math.max(lo, move.lo)
      const jobs = Math.min(hi, move.hi) - first + 1
      const finishing = (move.to === finished ? jobs : 0) - (move.from === finished ? jobs : 0)
      if (finishing !== 0) graph.finish(node, finishing, (child) => this.candidates.push(child))
      if (!failures.has(move.to)) continue
      failing.push({ node, culprit: { culprit: first, state: move.to, isDirect: true } })
    }
  }

  /** Children fail, and theirs with them: neighbours in a chain so fail as one range. */
  private fail(open: Failing[], isWaiting: IsWaiting, failed: Failure[]): void {
    const { graph } = this
    const seen = new Set<number>()
    for (let parent = open.pop(); parent !== undefined; parent = open.pop()) {
      const { culprit } = parent
      for (const child of graph.childrenOf(parent.node)) {
        const range = graph.rangeOf(child)
        if (seen.has(child) || !isWaiting(range)) continue
        seen.add(child)
        failed.push({ ...range, ...culprit })
        this.stale += graph.incoming(child)
        const indirect = { ...culprit, isDirect: false }
        for (const node of graph.nodesIn(range.lo, range.hi)) open.push({ node, culprit: indirect })
      }
    }
  }

  /** What of a node waits for nothing any more: an element may have parents of its own. */
  private releasable(node: number): JobRange[] {
    const { graph } = this
    const range = graph.rangeOf(node)
    const free: JobRange[] = []
    let { lo } = range
    for (const other of graph.nodesIn(range.lo, range.hi)) {
      if (graph.missing(other) === 0) continue
      const busy = graph.rangeOf(other)
      if (busy.lo > lo) free.push({ lo, hi: busy.lo - 1 })
      lo = Math.max(lo, busy.hi + 1)
    }
    if (lo <= range.hi) free.push({ lo, hi: range.hi })
    if (free.length > 0) this.stale += graph.incoming(node)
    return free
  }
}

function isSameFailure(one: Failure, other: Failure): boolean {
  return one.culprit === other.culprit && one.isDirect === other.isDirect
}
