// Sites of a million jobs in the shapes that matter to lists: how they are put into a store.
// Must never go around the store's contract.
import type { CatchUp, JobRow, SpanRow, SpecRow, TurnCommit } from '../../../daemon/store/rows.ts'
import type { Store } from '../../../daemon/store/store.ts'

/** A shape of a site of `count` jobs. */
export type Shape =
  | 'array untouched'
  | 'array half finished'
  | 'all different'
  | 'different, half finished'

const now = 1_763_835_000_000
const finished = 8
const failed = 12
const preprocessed = 4

const noTurn: Omit<TurnCommit, 'seq'> = {
  at: now,
  body: '[]',
  specs: [],
  edges: [],
  apps: [],
  actors: [],
  forgottenActors: [],
  submissions: [],
  settledBlocks: [],
  settledChanges: [],
  forgottenApps: [],
}

const noRows: Omit<CatchUp, 'seq'> = {
  jobs: [],
  removedJobs: [],
  removedSpans: [],
  spans: [],
  removedSpecs: [],
  edges: [],
  removedRanges: [],
  notes: [],
  tallies: [],
}

/** A request of ordinary length, as the core stores it. */
export function bodyOf(name: string, id = 0): string {
  return JSON.stringify({
    name,
    workflow: 'w0',
    application: 'SayHello',
    args: `--input /scratch/project/run/${name}.in --steps 1000`,
    command: null,
    description: '',
    environment: { OMP_NUM_THREADS: '1' },
    resources: { cpus: 1, nodePackingCount: 1 },
    priority: 0,
    maxRetries: 0,
    wallTimeMinutes: 1,
    output: { to: 'workdir' },
    cwd: '/scratch/project',
    array: null,
    tags: { exp: id % 1_000 === 7 ? 'rare' : 'common' },
    data: { r: id % 5_000 },
  })
}

function workflowOf(id: number): string {
  // One rare workflow, spread over all ids; two of equal size, one after the other.
  if (id % 10_000 === 0) return 'rare'
  return id <= 500_000 ? 'first' : 'second'
}

function specAt(id: number): SpecRow {
  const name = id % 2 === 0 ? 'common' : `job${id}`
  const app = id % 100_000 === 0 ? 'Rare' : 'SayHello'
  return {
    lo: id,
    hi: id,
    workflow: workflowOf(id),
    name,
    app,
    arrayFirst: null,
    body: bodyOf(name, id),
  }
}

/** A span of runnable jobs. */
export function spanOf(lo: number, hi: number, spec: number | null, workflow: string): SpanRow {
  const log = JSON.stringify([[now, 'SUBMITTED']])
  const shape = { workflow, priority: 0, cpus: 1, packing: 1, wallMinutes: 1, facts: '{}' }
  return { lo, hi, spec, state: preprocessed, ...shape, log }
}

/** A row of an ended job; one of 10,000 failed. */
export function endedJob(id: number, spec: number): JobRow {
  const isFailed = id % 10_000 === 1
  return {
    id,
    spec,
    state: isFailed ? failed : finished,
    attempts: 1,
    failures: isFailed ? 1 : 0,
    startedAt: now,
    endedAt: now + 5,
    code: isFailed ? 1 : 0,
    signal: null,
    log: JSON.stringify([
      [now, 'SUBMITTED'],
      [now + 1, 'LEASED', id, 3, 'node-0001'],
      [now + 6, 'EXITED', isFailed ? 1 : 0, 0, 0.005, 0.001, 0.001, 2048],
    ]),
  }
}

/** Counts of what was put down, by workflow and state. */
function talliesOf(counts: ReadonlyMap<string, number>): CatchUp['tallies'] {
  return [...counts].map(([key, count]) => {
    const [workflow = '', state = '0'] = key.split('\n')
    return { workflow, state: Number(state), count }
  })
}

async function putArray(store: Store, count: number, endedCount: number): Promise<void> {
  const body = bodyOf('sim')
  const spec: SpecRow = {
    lo: 1,
    hi: count,
    workflow: 'w0',
    name: 'sim',
    app: 'SayHello',
    arrayFirst: 1,
    body,
  }
  await store.commit({ ...noTurn, seq: 1, specs: [spec] })
  const counts = new Map<string, number>()
  for (let lo = 1; lo <= endedCount; lo += 2_000) {
    const jobs: JobRow[] = []
    for (let id = lo; id < lo + 2_000 && id <= endedCount; id += 1) jobs.push(endedJob(id, 1))
    for (const { state } of jobs) counts.set(`w0\n${state}`, (counts.get(`w0\n${state}`) ?? 0) + 1)
    await store.catchUp({ ...noRows, seq: 0, jobs })
  }
  const spans = endedCount < count ? [spanOf(endedCount + 1, count, 1, 'w0')] : []
  if (spans.length > 0) counts.set(`w0\n${preprocessed}`, count - endedCount)
  await store.catchUp({ ...noRows, seq: 1, spans, tallies: talliesOf(counts) })
}

async function putDifferent(store: Store, count: number, endedCount: number): Promise<void> {
  const counts = new Map<string, number>()
  const add = (workflow: string, state: number): void => {
    const key = `${workflow}\n${state}`
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  const block = { lo: 1, hi: count }
  const spans: SpanRow[] = []
  for (let lo = 1; lo <= count; lo += 2_000) {
    const specs: SpecRow[] = []
    const jobs: JobRow[] = []
    for (let id = lo; id < lo + 2_000 && id <= count; id += 1) {
      const spec = specAt(id)
      specs.push(spec)
      // Every second job has ended, so that rows and spans alternate as finely as they can.
      const isEnded = endedCount > 0 && id % 20 < 10
      if (isEnded) jobs.push(endedJob(id, id))
      else {
        const last = spans.at(-1)
        if (last?.hi === id - 1 && last.workflow === spec.workflow)
          spans[spans.length - 1] = { ...last, hi: id }
        else spans.push(spanOf(id, id, null, spec.workflow))
      }
      add(spec.workflow, jobs.at(-1)?.id === id ? (jobs.at(-1)?.state ?? 0) : preprocessed)
    }
    await store.stage(block, specs)
    await store.catchUp({ ...noRows, seq: 0, jobs })
  }
  await store.commit({ ...noTurn, seq: 1, settledBlocks: [1] })
  await store.catchUp({ ...noRows, seq: 1, spans, tallies: talliesOf(counts) })
}

/** Fills an empty, open store. */
export async function putShape(store: Store, shape: Shape, count: number): Promise<void> {
  if (shape === 'array untouched') return putArray(store, count, 0)
  if (shape === 'array half finished') return putArray(store, count, count / 2)
  return putDifferent(store, count, shape === 'all different' ? 0 : count / 2)
}
