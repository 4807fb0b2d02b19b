// The parents that the requests of one submission name: collected while they come in, resolved once
// all are there, because a request may name one that comes later. Nothing is decided here.
import { Fault, fault } from '../../protocol/faults.ts'
import type { JobId, JobRequest, ParentRef } from '../../protocol/job.ts'
import { limits } from '../../protocol/limits.ts'
import type { EdgeRow } from '../store/rows.ts'
import type { Core } from './core.ts'
import { cycleText, findCycle } from './cycles.ts'
import { EdgeDraft } from './edge-draft.ts'
import { idOfName } from './reads.ts'
import type { JobRange } from './wait-graph.ts'

/** A request that has a key or parents. */
interface Noted {
  /** Its number in the submission. */
  readonly number: number
  /** Its place among those that are noted. */
  readonly index: number
  readonly name: string
  readonly waits: boolean
  readonly refs: readonly ParentRef[]
  range: JobRange
  /** Its node in the draft; -1 while it has none. */
  place: number
}

/** What the references of a submission mean. */
export interface ResolvedParents {
  /** Of all edges. */
  readonly rows: readonly EdgeRow[]
  /** Who waits, and what for. */
  readonly draft: EdgeDraft
  /** States of existing jobs among the parents in the tables. */
  readonly states: ReadonlyMap<JobId, number>
}

/** Requests looked at before others get their turn. */
const sliceRequests = 2_000

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
    const number = this.taken
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
    const noted = { number, index: this.noted.length, name, waits, refs, range, place: -1 }
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
    if (noted?.number === this.placed) {
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
    const draft = new EdgeDraft()
    const others = new Map<JobId, string>()
    for (const noted of this.noted) noted.place = -1
    for (const [index, noted] of this.noted.entries()) {
      if (index % sliceRequests === sliceRequests - 1) await pause(core)
      for (const ref of new Set(noted.refs)) {
        const sibling = typeof ref === 'string' ? this.keys.get(ref) : undefined
        if (sibling === undefined) {
          const id = idOf(ref, ids)
          others.set(id, noted.name)
          rows.push(rowOf(noted.range, { lo: id, hi: id }))
          if (noted.waits) draft.link(placeIn(draft, noted), draft.existing(id))
          continue
        }
        edges.child.push(index)
        edges.parent.push(sibling.index)
        rows.push(rowOf(noted.range, sibling.range))
        if (noted.waits) draft.link(placeIn(draft, noted), placeIn(draft, sibling))
      }
    }
    await pause(core)
    const cycle = findCycle(this.noted.length, edges)
    if (cycle !== null) {
      const names = cycle.map((index) => this.noted[index]?.name ?? '')
      throw fault('DEPENDENCY_CYCLE', { cycle: cycleText(names) })
    }
    return { rows, draft, states: await readStates(core, others) }
  }

  /** Ids of the jobs that are named by name. */
  private async idsOfNames(core: Core): Promise<ReadonlyMap<string, JobId>> {
    const names = new Map<string, string>()
    for (const [index, { refs, name }] of this.noted.entries()) {
      if (index % sliceRequests === sliceRequests - 1) await pause(core)
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

function placeIn(draft: EdgeDraft, noted: Noted): number {
  const { lo, hi } = noted.range
  if (noted.place < 0) noted.place = draft.add(noted.range, hi - lo + 1)
  return noted.place
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
