// The parents that the requests of one submission name: collected while they come in, resolved once
// all are there, because a request may name one that comes later. Nothing is decided here.
import { Fault, fault } from '../../protocol/faults.ts'
import type { JobId, JobRequest, ParentRef } from '../../protocol/job.ts'
import { limits } from '../../protocol/limits.ts'
import { isEndState, stateNumber, stateOf } from '../../protocol/states.ts'
import type { EdgeRow } from '../store/rows.ts'
import type { Core } from './core.ts'
import { cycleText, findCycle } from './cycles.ts'
import { stateInMemory } from './in-memory.ts'
import { idOfName } from './reads.ts'
import type { EdgeSet } from './records.ts'
import type { Site } from './site.ts'
import type { JobRange } from './wait-graph.ts'

/** A request that has a key or parents. */
interface Noted {
  /** Its place in the submission. */
  readonly place: number
  /** Its place among those that are noted. */
  readonly index: number
  readonly name: string
  readonly waits: boolean
  readonly refs: readonly ParentRef[]
  range: JobRange
}

/** What the references of a submission mean. */
export interface ResolvedParents {
  /** Of all edges. */
  readonly rows: readonly EdgeRow[]
  /** Children that wait, and what for. */
  readonly waiting: readonly (readonly [child: JobRange, parents: readonly JobRange[]])[]
  /** Existing jobs among the parents, with their states in the tables. */
  readonly existing: ReadonlyMap<JobId, number>
}

const finished = stateNumber('JOB_FINISHED') ?? -1
/** Requests looked at before others get their turn. */
const sliceRequests = 5_000

/** The parents of one submission on its way in. */
export class SubmissionParents {
  private readonly noted: Noted[] = []
  private readonly keys = new Map<string, Noted>()
  private taken = 0
  private placed = 0
  private nextToPlace = 0
  private references = 0

  /** How many parents were named. */
  get count(): number {
    return this.references
  }

  /** Takes the next request; what is to be stored of it. `index`: its place in its slice. */
  take(request: JobRequest, index: number): JobRequest {
    const place = this.taken
    this.taken += 1
    const { key, parents, ...stored } = request
    if (key === undefined && parents === undefined) return request
    const refs = parents ?? []
    this.references += refs.length
    const max = limits.submissionEdgesMax
    if (this.references > max)
      throw fault('TOO_MANY', { what: 'parents in one submission', count: this.references, max })
    const waits = hasToWait(request)
    const name = key ?? request.name
    const range = { lo: 0, hi: 0 }
    const noted: Noted = { place, index: this.noted.length, name, waits, refs, range }
    this.noted.push(noted)
    if (key !== undefined) {
      if (this.keys.has(key))
        throw fault('BAD_FIELD', { field: 'key', what: `${key} is used twice`, index })
      this.keys.set(key, noted)
    }
    // That it has parents is noted in what is stored: whoever leases it reads them only then.
    return refs.length === 0 ? stored : { ...stored, waitForParents: waits }
  }

  /** The next request has got its ids. */
  place(lo: JobId, hi: JobId): void {
    const noted = this.noted[this.nextToPlace]
    if (noted?.place === this.placed) {
      noted.range = { lo, hi }
      this.nextToPlace += 1
    }
    this.placed += 1
  }

  /** Looks up what is named. Throws faults for what is not there and for circles. */
  async resolve(core: Core): Promise<ResolvedParents> {
    const ids = await this.idsOfNames(core)
    const edges: { child: number[]; parent: number[] } = { child: [], parent: [] }
    const rows: EdgeRow[] = []
    const waiting: [JobRange, JobRange[]][] = []
    const others = new Map<JobId, string>()
    for (const [index, noted] of this.noted.entries()) {
      if (index % sliceRequests === sliceRequests - 1) await pause(core)
      const parents = new Map<JobId, JobRange>()
      for (const ref of noted.refs) {
        const sibling = typeof ref === 'string' ? this.keys.get(ref) : undefined
        const id = sibling === undefined ? idOf(ref, ids) : 0
        if (sibling === undefined) others.set(id, noted.name)
        else {
          edges.child.push(index)
          edges.parent.push(sibling.index)
        }
        const parent = sibling?.range ?? { lo: id, hi: id }
        parents.set(parent.lo, parent)
      }
      if (parents.size === 0) continue
      for (const parent of parents.values()) rows.push(rowOf(noted.range, parent))
      if (noted.waits) waiting.push([noted.range, [...parents.values()]])
    }
    const cycle = findCycle(this.noted.length, edges)
    if (cycle !== null) {
      const names = cycle.map((index) => this.noted[index]?.name ?? '')
      throw fault('DEPENDENCY_CYCLE', { cycle: cycleText(names) })
    }
    return { rows, waiting, existing: await readStates(core, others) }
  }

  /** Ids of the jobs that are named by name. */
  private async idsOfNames(core: Core): Promise<ReadonlyMap<string, JobId>> {
    const names = new Map<string, string>()
    for (const { refs, name } of this.noted) {
      for (const ref of refs)
        if (typeof ref === 'string' && !this.keys.has(ref) && !isNumber(ref)) names.set(ref, name)
    }
    const max = limits.parentNamesMax
    if (names.size > max) {
      const what = 'parents named by name in one submission'
      throw fault('TOO_MANY', { what, count: names.size, max })
    }
    if (names.size > 0) await core.settled()
    const ids = new Map<string, JobId>()
    for (const [ref, child] of names) {
      try {
        ids.set(ref, await idOfName(core, ref))
      } catch (error) {
        const isUnknown = error instanceof Fault && error.code === 'JOB_UNKNOWN'
        throw isUnknown ? fault('PARENT_UNKNOWN', { ref, child }) : error
      }
    }
    return ids
  }
}

/** Lets whatever else has arrived be handled first. */
function pause(core: Core): Promise<void> {
  return new Promise((resolve) => core.clock.soon(resolve))
}

/** True when a request's jobs wait for parents before anything else. */
export function hasToWait({ parents = [], waitForParents }: JobRequest): boolean {
  return parents.length > 0 && waitForParents !== false
}

function isNumber(ref: string): boolean {
  return /^[1-9]\d{0,14}$/.test(ref)
}

function idOf(ref: ParentRef, ids: ReadonlyMap<string, JobId>): JobId {
  return typeof ref === 'number' ? ref : (ids.get(ref) ?? Number(ref))
}

function rowOf(child: JobRange, parent: JobRange): EdgeRow {
  return { child: child.lo, childLast: child.hi, parent: parent.lo, parentLast: parent.hi }
}

/** States of existing jobs in the tables, each with who wants it as a parent. */
async function readStates(
  core: Core,
  wanted: ReadonlyMap<JobId, string>,
): Promise<ReadonlyMap<JobId, number>> {
  if (wanted.size === 0) return new Map()
  await core.settled()
  const states = await core.store.statesOf([...wanted.keys()])
  for (const [id, child] of wanted)
    if (!states.has(id)) throw fault('PARENT_UNKNOWN', { ref: id, child })
  return states
}

/**
 * What there is to be waited for now; null when a parent has ended since it was looked at in the
 * tables (`existing`): then they must be read again. `unfinishedOf` counts in what is not there.
 */
export function edgeSetOf(
  site: Site,
  waiting: ResolvedParents['waiting'],
  existing: ReadonlyMap<JobId, number>,
  unfinishedOf: (range: JobRange) => number,
): EdgeSet | null {
  const places = new Map<JobId | string, number>()
  const nodes: number[] = []
  const edges: number[] = []
  const failed: [number, number][] = []
  const place = ({ lo, hi }: JobRange, unfinished: number): number => {
    const next = places.size
    places.set(keyOf(lo, hi), next)
    nodes.push(lo, hi - lo + 1, unfinished)
    return next
  }
  for (const [child, parents] of waiting) {
    const childPlace = places.get(keyOf(child.lo, child.hi)) ?? place(child, sizeOf(child))
    for (const parent of parents) {
      let parentPlace = places.get(keyOf(parent.lo, parent.hi))
      if (parentPlace === undefined) {
        const state = parent.lo === parent.hi ? stateNow(site, parent.lo, existing) : undefined
        if (state === null) return null
        const isDone = state === finished
        const unfinished = state === undefined ? unfinishedOf(parent) : isDone ? 0 : 1
        parentPlace = place(parent, unfinished)
        if (state !== undefined && isFailure(state)) failed.push([parentPlace, state])
      }
      edges.push(childPlace, parentPlace)
    }
  }
  return { nodes, edges, failed }
}

function keyOf(lo: JobId, hi: JobId): JobId | string {
  return lo === hi ? lo : `${lo}-${hi}`
}

/** Jobs of a range. */
export function sizeOf({ lo, hi }: JobRange): number {
  return hi - lo + 1
}

/**
 * The state of a parent; null when neither memory nor the tables know it any more, undefined when
 * it is new.
 */
function stateNow(
  site: Site,
  id: JobId,
  existing: ReadonlyMap<JobId, number>,
): number | null | undefined {
  const stored = existing.get(id)
  if (stored === undefined) return undefined
  const state = stateInMemory(site, id)
  if (state !== null) return state
  return isEndState(stateOf(stored)) ? stored : null
}

function isFailure(state: number): boolean {
  return state !== finished && isEndState(stateOf(state))
}
