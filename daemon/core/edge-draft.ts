// An edge set in the making: put together ahead of the turn, because a submission may bring 200,000
// edges; in the turn only the jobs that exist already are looked at once more.
import type { JobId } from '../../protocol/job.ts'
import { isEndState, stateNumber, stateOf } from '../../protocol/states.ts'
import { stateInMemory } from './in-memory.ts'
import type { EdgeSet } from './records.ts'
import type { Site } from './site.ts'
import type { JobRange } from './wait-graph.ts'

const finished = stateNumber('JOB_FINISHED') ?? -1

/** Collects nodes and edges. */
export class EdgeDraft {
  private readonly nodes: number[] = []
  private readonly edges: number[] = []
  private readonly failed: [number, number][] = []
  private readonly known = new Map<JobId, number>()

  /** A node of jobs that are new; its place. */
  add({ lo, hi }: JobRange, unfinished: number): number {
    const place = this.nodes.length / 3
    this.nodes.push(lo, hi - lo + 1, unfinished)
    return place
  }

  /** The node of one job that exists already. */
  existing(id: JobId): number {
    let place = this.known.get(id)
    if (place === undefined) {
      place = this.add({ lo: id, hi: id }, 1)
      this.known.set(id, place)
    }
    return place
  }

  /** A node of a parent that has failed, or was killed: state number. */
  fail(place: number, state: number): void {
    this.failed.push([place, state])
  }

  /** Lets one node wait for another, by their places. */
  link(child: number, parent: number): void {
    this.edges.push(child, parent)
  }

  /**
   * The set as of now; null when a job that exists has ended since `states` were read from the
   * tables: then they must be read again.
   */
  close(site: Site, states: ReadonlyMap<JobId, number>): EdgeSet | null {
    const { nodes, edges } = this
    const failed = [...this.failed]
    for (const [id, place] of this.known) {
      const state = stateNow(site, id, states.get(id))
      if (state === null) return null
      nodes[place * 3 + 2] = state === finished ? 0 : 1
      if (state !== finished && isEndState(stateOf(state))) failed.push([place, state])
    }
    return { nodes, edges, failed }
  }
}

/** Memory knows best; what is not there has ended, which the tables know if they are new enough. */
function stateNow(site: Site, id: JobId, stored: number | undefined): number | null {
  const state = stateInMemory(site, id)
  if (state !== null) return state
  return stored !== undefined && isEndState(stateOf(stored)) ? stored : null
}
