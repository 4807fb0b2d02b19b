// Sites made by chance, a plain model of them, and two ways to put them into a store: with arrays
// and spans, and each job singly. Must never use the store's own code to say what is right.
import * as fc from 'fast-check'
import type { JobRow, SpanRow, SpecRow } from '../../../daemon/store/rows.ts'
import type { Store } from '../../../daemon/store/store.ts'
import type { JobFilter, StateCounts } from '../../../protocol/job.ts'
import { type JobState, jobStates, stateNumber } from '../../../protocol/states.ts'
import { job, rows, span, spec, turn } from '../../contract/store/sites.ts'
import { bodies, type ModelBody, type ModelJob } from './model.ts'
import { holds, wheres } from './where-model.ts'

/** One request of the model with its jobs. */
interface ModelRequest {
  readonly name: string
  readonly workflow: string
  readonly app: string | null
  readonly arrayFirst: number | null
  readonly body: ModelBody
  readonly jobs: readonly ModelJob[]
}

/** A site: requests in order of id; the last may still be on its way. */
export interface World {
  readonly requests: readonly ModelRequest[]
  /** Requests after this index are committed or staged, but not put down as jobs. */
  readonly settledRequests: number
}

const workflows = ['w', 'v']
const names = ['a', 'a-1', 'a-1-2', 'b']
const apps = [null, 'X', 'Y']
const spanStates: readonly JobState[] = ['PREPROCESSED', 'PREPROCESSED', 'USER_KILLED']
const rowStates: readonly JobState[] = [
  'JOB_FINISHED',
  'JOB_FINISHED',
  'RUNNING',
  'FAILED',
  'PREPROCESSED',
]

const fate = fc.record({
  isRow: fc.boolean(),
  isRemoved: fc.integer({ min: 0, max: 9 }).map((each) => each === 0),
  row: fc.constantFrom(...rowStates),
})

const request = fc.record({
  name: fc.constantFrom(...names),
  workflow: fc.constantFrom(...workflows),
  app: fc.constantFrom(...apps),
  arrayFirst: fc.option(fc.integer({ min: 0, max: 3 }), { nil: null }),
  state: fc.constantFrom(...spanStates),
  body: bodies,
  fates: fc.array(fate, { minLength: 1, maxLength: 7, size: 'max' }),
  /** Ids that were reserved and never used, before this request. */
  gap: fc.integer({ min: 0, max: 2 }),
})

/** Sites of up to some fifty jobs, with everything that can be near everything else. */
export const worlds: fc.Arbitrary<World> = fc
  .record({
    parts: fc.array(request, { maxLength: 12, size: 'max' }),
    pending: fc.integer({ min: 0, max: 2 }),
  })
  .map(({ parts, pending }) => {
    let id = 1
    const requests = parts.map((part): ModelRequest => {
      id += part.gap
      const fates = part.arrayFirst === null ? part.fates.slice(0, 1) : part.fates
      const jobs = fates.map((each, index): ModelJob => {
        const { workflow, app, arrayFirst, body: said } = part
        const name = arrayFirst === null ? part.name : `${part.name}-${arrayFirst + index}`
        const state = each.isRow ? each.row : part.state
        const { isRow, isRemoved } = each
        return { id: id++, name, workflow, app, state, body: said, isRow, isRemoved }
      })
      return { ...part, jobs }
    })
    return { requests, settledRequests: Math.max(0, parts.length - pending) }
  })

const conditions = {
  name: fc.constantFrom(...names, 'a-0', 'a-2', 'a-1-1', 'b-3', 'a-', '-1', 'a-01'),
  workflow: fc.constantFrom(...workflows, 'none'),
  application: fc.constantFrom('X', 'Y', 'none'),
  states: fc.oneof(
    fc.subarray(
      [...rowStates, ...spanStates].filter((state, at, all) => all.indexOf(state) === at),
    ),
    fc.subarray([...jobStates]),
  ),
  ids: fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 8 }),
  ranges: fc.array(
    fc
      .tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 30 }))
      .map(([first, more]) => [first, first + more] as const),
    { maxLength: 3 },
  ),
  tags: fc.constantFrom({ exp: 'foo' }, { exp: 'Foo', 'a.b': '1' }, {}),
  where: wheres,
}

/** Filters that ask for anything, but for few things at once: much together finds nothing. */
export const filters: fc.Arbitrary<JobFilter> = fc
  .record({
    asked: fc.record(conditions),
    keys: fc.subarray(
      ['name', 'workflow', 'application', 'states', 'ids', 'ranges', 'tags', 'where'] as const,
      { maxLength: 3 },
    ),
  })
  .map(({ asked, keys }) => Object.fromEntries(keys.map((key) => [key, asked[key]])))

/** The jobs there are, in order of id. */
export function livingJobs(world: World): ModelJob[] {
  const settled = world.requests.slice(0, world.settledRequests)
  return settled.flatMap((each) => each.jobs.filter((one) => !one.isRemoved))
}

/** Does the job match? The definition that all queries are held against. */
export function matches(filter: JobFilter, one: ModelJob): boolean {
  const { ids, ranges, name, workflow, application, states, tags: asked, where } = filter
  const isListed =
    (ids === undefined && ranges === undefined) ||
    (ids?.includes(one.id) ?? false) ||
    (ranges?.some(([first, last]) => one.id >= first && one.id <= last) ?? false)
  return (
    isListed &&
    (name === undefined || one.name === name) &&
    (workflow === undefined || one.workflow === workflow) &&
    (application === undefined || one.app === application) &&
    (states === undefined || states.includes(one.state)) &&
    Object.entries(asked ?? {}).every(([key, value]) => one.body.tags?.[key] === value) &&
    (where === undefined || holds(where, one))
  )
}

/** Counts by state, as a store answers them. */
export function countsOf(jobs: readonly ModelJob[]): { total: number; states: StateCounts } {
  const states: StateCounts = {}
  for (const { state } of jobs) states[state] = (states[state] ?? 0) + 1
  return { total: jobs.length, states }
}

/** Ascending ids as merged ranges. */
export function rangesOfIds(ids: readonly number[]): [number, number][] {
  const ranges: [number, number][] = []
  for (const id of ids) {
    const last = ranges.at(-1)
    if (last !== undefined && last[1] + 1 === id) last[1] = id
    else ranges.push([id, id])
  }
  return ranges
}

const numberOf = (state: JobState): number => stateNumber(state) ?? -1

function specsOf(request: ModelRequest, isSingly: boolean): SpecRow[] {
  const { jobs, name, workflow, app, arrayFirst } = request
  const said = JSON.stringify(request.body)
  if (isSingly || arrayFirst === null) {
    return jobs
      .filter((one) => !isSingly || !one.isRemoved)
      .map((one) => spec(one.id, one.id, { name: one.name, workflow, app, body: said }))
  }
  const [first, last] = [jobs[0], jobs.at(-1)]
  if (first === undefined || last === undefined) return []
  return [spec(first.id, last.id, { name, workflow, app, arrayFirst, body: said })]
}

/** Rows and spans of a request's living jobs. */
function partsOf(request: ModelRequest, isSingly: boolean): { jobs: JobRow[]; spans: SpanRow[] } {
  const first = request.jobs[0]?.id ?? 0
  const isArray = !isSingly && request.arrayFirst !== null
  const parts: { jobs: JobRow[]; spans: SpanRow[] } = { jobs: [], spans: [] }
  for (const one of request.jobs.filter((each) => !each.isRemoved)) {
    const state = numberOf(one.state)
    if (one.isRow) {
      parts.jobs.push(job(one.id, { spec: isArray ? first : one.id, state }))
      continue
    }
    const last = parts.spans.at(-1)
    const { workflow } = one
    if (last !== undefined && last.hi === one.id - 1)
      parts.spans[parts.spans.length - 1] = { ...last, hi: one.id }
    else parts.spans.push(span(one.id, one.id, { spec: isArray ? first : null, state, workflow }))
  }
  return parts
}

/** Neighbouring spans of single jobs in the same state are one, as the core makes them. */
function fused(spans: readonly SpanRow[]): SpanRow[] {
  const out: SpanRow[] = []
  for (const each of spans) {
    const last = out.at(-1)
    const isNext =
      last !== undefined &&
      last.hi + 1 === each.lo &&
      last.spec === null &&
      each.spec === null &&
      last.state === each.state &&
      last.workflow === each.workflow
    if (isNext) out[out.length - 1] = { ...last, hi: each.hi }
    else out.push(each)
  }
  return out
}

function talliesOf(
  jobs: readonly ModelJob[],
): { workflow: string; state: number; count: number }[] {
  return workflows.flatMap((workflow) =>
    jobStates.map((state) => ({
      workflow,
      state: numberOf(state),
      count: jobs.filter((one) => one.workflow === workflow && one.state === state).length,
    })),
  )
}

/** Puts the world into an open, empty store: as it was asked for, or each job singly. */
export async function put(store: Store, world: World, isSingly: boolean): Promise<void> {
  const settled = world.requests.slice(0, world.settledRequests)
  const pending = world.requests.slice(world.settledRequests)
  await store.commit(turn(1, { specs: settled.flatMap((each) => specsOf(each, isSingly)) }))
  const parts = settled.map((each) => partsOf(each, isSingly))
  const removedSpecs = isSingly
    ? []
    : settled.flatMap((each) =>
        specsOf(each, false)
          .filter(({ lo, hi }) =>
            each.jobs.every((one) => one.id < lo || one.id > hi || one.isRemoved),
          )
          .map(({ lo }) => lo),
      )
  await store.catchUp(
    rows(1, {
      jobs: parts.flatMap((each) => each.jobs),
      spans: fused(parts.flatMap((each) => each.spans)),
      removedSpecs,
      tallies: talliesOf(livingJobs(world)),
    }),
  )
  const [staged, committed] = pending
  if (committed !== undefined) await store.commit(turn(2, { specs: specsOf(committed, isSingly) }))
  const [first, last] = [staged?.jobs[0], staged?.jobs.at(-1)]
  if (staged !== undefined && first !== undefined && last !== undefined) {
    await store.stage({ lo: first.id, hi: last.id }, specsOf(staged, isSingly))
  }
}
