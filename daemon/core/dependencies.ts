// Parents for jobs that are there already and have not started. Which edges are new is read from
// the tables; whether they may be is decided from where the jobs stand at that moment.
import type { EdgesReceipt, EdgesRequest } from '../../protocol/calls.ts'
import { fault } from '../../protocol/faults.ts'
import type { JobId, JobRequest } from '../../protocol/job.ts'
import { type JobState, stateNumber, stateOf } from '../../protocol/states.ts'
import type { EdgeRow } from '../store/rows.ts'
import { type Core, decideIn } from './core.ts'
import { findCircle } from './cycle-search.ts'
import { cycleText } from './cycles.ts'
import { EdgeDraft } from './edge-draft.ts'
import { stateInMemory } from './in-memory.ts'
import { openIn } from './open-in.ts'
import { inSequence } from './sequence.ts'
import type { Site } from './site.ts'
import { fromStore } from './stored-json.ts'
import type { Turn } from './turn.ts'
import type { JobRange } from './wait-graph.ts'

/** Looks again this often when parents end between the look and the decision. */
const roundsMax = 100

/** Adds edges, all or none. */
export async function addDependencies(core: Core, request: EdgesRequest): Promise<EdgesReceipt> {
  // One at a time: what is new in one call is not new in the next.
  return inSequence(core.sequences, 'dependencies', async () => {
    for (let round = 0; round < roundsMax; round += 1) {
      const plan = await planEdges(core, request)
      const receipt = await core.loop.ask('dependencies', (turn) => decideEdges(core, turn, plan))
      if (receipt !== null) return receipt
    }
    throw fault('BAD_REQUEST', { what: 'the parents are ending just now; try again' })
  })
}

interface EdgePlan {
  /** New edges, as parents by child. */
  readonly added: ReadonlyMap<JobId, ReadonlySet<JobId>>
  /** Edges that were there, for children that begin to wait. */
  readonly known: readonly EdgeRow[]
  /** States in the tables. */
  readonly states: ReadonlyMap<JobId, number>
  /** Children that don't wait for parents. */
  readonly heedless: ReadonlySet<JobId>
}

async function planEdges(core: Core, { edges }: EdgesRequest): Promise<EdgePlan> {
  await core.settled()
  const children = [...new Set(edges.map(([, child]) => child))]
  const known = await core.store.edgesInto(children.map((id) => [id, id]))
  const before = parentsByChild(known, children)
  const added = new Map<JobId, Set<JobId>>()
  for (const [parent, child] of edges) {
    if (parent === child) throw fault('DEPENDENCY_CYCLE', { cycle: `${child} → ${child}` })
    if (before.get(child)?.some(({ lo, hi }) => lo <= parent && parent <= hi) === true) continue
    const parents = added.get(child) ?? new Set<JobId>()
    added.set(child, parents.add(parent))
  }
  const parents = [...edges.map(([parent]) => parent), ...known.flatMap(idsOfParents)]
  const states = await core.store.statesOf([...new Set([...parents, ...children])])
  for (const id of edges.flat()) if (!states.has(id)) throw fault('JOB_UNKNOWN', { ref: id })
  await refuseCircle(core, added)
  return { added, known, states, heedless: await heedlessOf(core, children) }
}

/** Also a circle with jobs that have ended: they may run again. */
async function refuseCircle(core: Core, added: EdgePlan['added']): Promise<void> {
  const edges = [...added].flatMap(([child, parents]) =>
    [...parents].map((parent) => [parent, child] as const),
  )
  const circle = findCircle(edges, await core.store.edgesBelow(edges))
  if (circle === null) return
  const names = circle.map(({ lo, hi }) => (lo === hi ? `${lo}` : `${lo}–${hi}`))
  throw fault('DEPENDENCY_CYCLE', { cycle: cycleText(names) })
}

function idsOfParents({ parent, parentLast }: EdgeRow): readonly JobId[] {
  return parent === parentLast ? [parent] : []
}

function parentsByChild(
  rows: readonly EdgeRow[],
  children: readonly JobId[],
): ReadonlyMap<JobId, readonly JobRange[]> {
  const found = new Map<JobId, JobRange[]>(children.map((child) => [child, []]))
  for (const { child, childLast, parent, parentLast } of rows) {
    const range = { lo: parent, hi: parentLast }
    if (child === childLast) found.get(child)?.push(range)
    else for (const [id, parents] of found) if (child <= id && id <= childLast) parents.push(range)
  }
  return found
}

/** Children whose requests say that they don't wait. */
async function heedlessOf(core: Core, children: readonly JobId[]): Promise<ReadonlySet<JobId>> {
  const found = new Set<JobId>()
  for (const { lo, hi, body } of await core.store.specsOf(children)) {
    if (fromStore<JobRequest>(body).waitForParents !== false) continue
    for (const id of children) if (lo <= id && id <= hi) found.add(id)
  }
  return found
}

const startable: ReadonlySet<JobState> = new Set<JobState>([
  'CREATED',
  'AWAITING_PARENTS',
  'READY',
  'STAGED_IN',
  'PREPROCESSED',
])
const awaiting = stateNumber('AWAITING_PARENTS')

/** Decides; null when a parent has ended since it was looked at. */
function decideEdges(core: Core, turn: Turn, plan: EdgePlan): EdgesReceipt | null {
  const { site } = core
  const beginning: JobId[] = []
  const rows: JobId[] = []
  const draft = new EdgeDraft()
  const known = parentsByChild(plan.known, [...plan.added.keys()])
  for (const [child, parents] of plan.added) {
    const state = stateInMemory(site, child)
    refuseStarted(child, state ?? plan.states.get(child), site.open.get(child)?.token)
    for (const parent of parents) rows.push(child, parent)
    if (plan.heedless.has(child)) continue
    const all: JobRange[] = [...parents].map((parent) => ({ lo: parent, hi: parent }))
    if (state !== awaiting) {
      beginning.push(child, child)
      all.push(...(known.get(child) ?? []))
    }
    for (const { lo, hi } of all) {
      const isOne = lo === hi
      const parent = isOne ? draft.existing(lo) : draft.add({ lo, hi }, unfinishedIn(site, lo, hi))
      draft.link(draft.existing(child), parent)
    }
  }
  const edges = draft.close(site, plan.states)
  if (edges === null) return null
  if (rows.length > 0) decideIn(core, turn, ['parents', rows, beginning, edges])
  return { schema: 'balsam.edges/1', added: rows.length / 2 }
}

/** Jobs of an array that have not finished, as far as memory knows. */
function unfinishedIn(site: Site, lo: JobId, hi: JobId): number {
  const inSpans = site.spans
    .overlapping(lo, hi)
    .reduce(
      (sum, { span, first, last }) => sum + (isFinished(span.state) ? 0 : last - first + 1),
      0,
    )
  return inSpans + openIn(site, lo, hi).filter(({ state }) => !isFinished(state)).length
}

function isFinished(state: number): boolean {
  return state === stateNumber('JOB_FINISHED')
}

function refuseStarted(id: JobId, state: number | undefined, token = 0): void {
  const name = stateOf(state ?? -1)
  if (token === 0 && startable.has(name)) return
  throw fault('CHILD_STARTED', { id, state: token === 0 ? name : 'being started' })
}
