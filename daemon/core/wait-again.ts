// Which jobs wait for their parents when they are to run again, or are set to wait: all that have a
// parent which has not finished. The edges of ended jobs are in the tables only, so they are read
// ahead; the turn that decides looks whether that still holds.
import type { JobId, JobRequest } from '../../protocol/job.ts'
import { isEndState, stateNumber, stateOf } from '../../protocol/states.ts'
import type { EdgeRow, JobRow, Standing } from '../store/rows.ts'
import type { Ranges } from '../store/store.ts'
import type { Core } from './core.ts'
import { EdgeDraft } from './edge-draft.ts'
import { stateInMemory } from './in-memory.ts'
import { openIn } from './open-in.ts'
import type { EdgeSet } from './records.ts'
import type { Site } from './site.ts'
import { fromStore } from './stored-json.ts'

const finished = stateNumber('JOB_FINISHED')

/** Edges into some jobs, and how their parents stand in the tables. */
export interface WaitPlan {
  readonly edges: readonly EdgeRow[]
  /** By `first-last`. */
  readonly standing: ReadonlyMap<string, Standing>
  /** First jobs of ends whose requests say that they don't wait. */
  readonly heedless: ReadonlySet<JobId>
}

/** Reads ahead. The tables must show everything. */
export async function planWaits(core: Core, children: Ranges): Promise<WaitPlan> {
  const edges = await core.store.edgesInto(children)
  if (edges.length === 0) return { edges, standing: new Map(), heedless: new Set() }
  const parents = new Map<string, readonly [JobId, JobId]>()
  for (const { parent, parentLast } of edges)
    parents.set(`${parent}-${parentLast}`, [parent, parentLast])
  const found = await core.store.standingOf([...parents.values()])
  const firsts = [...new Set(edges.map(({ child }) => child))]
  const heedless = new Set<JobId>()
  for (const { lo, hi, body } of await core.store.specsOf(firsts)) {
    if (fromStore<JobRequest>(body).waitForParents !== false) continue
    for (const id of firsts) if (lo <= id && id <= hi) heedless.add(id)
  }
  const standing = new Map(found.map((each) => [`${each.first}-${each.last}`, each]))
  return { edges, standing, heedless }
}

/** Who is to wait, and for what. */
export interface Waits {
  readonly edges: EdgeSet
  /** Flat (first, last). */
  readonly beginning: readonly JobId[]
}

/** Which jobs are retried: rows of those in this turn, and all with those before or after it. */
export interface Retried {
  readonly rows: readonly JobRow[]
  readonly all: Ranges
}

/**
 * Who of `children` has to wait; with `isAlways` all that have parents. null when a parent has
 * ended since it was read about.
 */
export function waitsOf(
  site: Site,
  plan: WaitPlan,
  children: Ranges,
  retried: Retried,
  isAlways: boolean,
): Waits | null {
  const draft = new EdgeDraft()
  const parents = new Map<string, Parent>()
  for (const each of plan.standing.values()) {
    const parent = parentNow(site, each, retried)
    if (parent === null) return null
    parents.set(`${each.first}-${each.last}`, parent)
  }
  const found = new Map<string, Child>()
  for (const edge of plan.edges) {
    if (plan.heedless.has(edge.child)) continue
    const parent = parents.get(`${edge.parent}-${edge.parentLast}`)
    if (parent === undefined) continue
    for (const [first, last] of jobsOf(edge, children)) {
      const key = `${first}-${last}`
      const child = found.get(key) ?? { first, last, parents: [] }
      found.set(key, child)
      child.parents.push(parent)
    }
  }
  const beginning: JobId[] = []
  for (const { first, last, parents: all } of found.values()) {
    if (!(isAlways || all.some(({ unfinished }) => unfinished > 0))) continue
    beginning.push(first, last)
    const child = draft.add({ lo: first, hi: last }, last - first + 1)
    for (const parent of all) {
      if (parent.place < 0) {
        const { first: lo, last: hi, unfinished, failed } = parent
        parent.place = draft.add({ lo, hi }, unfinished)
        if (failed !== null) draft.fail(parent.place, failed)
      }
      draft.link(child, parent.place)
    }
  }
  const edges = draft.close(site, new Map())
  return edges === null ? null : { edges, beginning }
}

interface Child {
  readonly first: JobId
  readonly last: JobId
  readonly parents: Parent[]
}

interface Parent {
  readonly first: JobId
  readonly last: JobId
  readonly unfinished: number
  readonly failed: number | null
  /** -1: not in the draft yet. */
  place: number
}

/** An end of an edge as one node where all of it is meant, else job by job. */
function* jobsOf({ child, childLast }: EdgeRow, ranges: Ranges): IterableIterator<[JobId, JobId]> {
  for (const [first, last] of ranges) {
    const from = Math.max(first, child)
    const to = Math.min(last, childLast)
    if (from === child && to === childLast) yield [from, to]
    else for (let id = from; id <= to; id += 1) yield [id, id]
  }
}

function parentNow(site: Site, standing: Standing, retried: Retried): Parent | null {
  const { first, last } = standing
  if (!isFresh(site, standing)) return null
  // What is retried in this turn is not finished any more, and has not failed.
  const finishedAgain = retried.rows.filter(
    ({ id, state }) => first <= id && id <= last && state === finished,
  ).length
  const isRetried = reachInto(retried.all, first, last)
  const failed = isRetried ? null : standing.failed
  return { first, last, unfinished: standing.unfinished + finishedAgain, failed, place: -1 }
}

/** Does one of these ranges, in order, have one of jobs first..last? */
function reachInto(ranges: Ranges, first: JobId, last: JobId): boolean {
  let low = 0
  let high = ranges.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((ranges[middle]?.[1] ?? 0) < first) low = middle + 1
    else high = middle
  }
  return (ranges[low]?.[0] ?? Infinity) <= last
}

/** Has none of these jobs ended since it was read about? Memory holds exactly the others. */
function isFresh(site: Site, { first, last, inMemory }: Standing): boolean {
  if (first === last) {
    const state = stateInMemory(site, first)
    const isAlive = state !== null && !(site.open.has(first) && isEndState(stateOf(state)))
    return isAlive === (inMemory === 1)
  }
  const inSpans = site.spans
    .overlapping(first, last)
    .reduce((sum, part) => sum + part.last - part.first + 1, 0)
  const open = openIn(site, first, last).filter(({ state }) => !isEndState(stateOf(state)))
  return inSpans + open.length === inMemory
}
