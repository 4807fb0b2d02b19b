// Sites for the store's contract: one SQLite file each, by every driver, and turns in few words.
// Must never share a file between tests.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'vitest'
import { type PickedDriver, pickDriver } from '../../../daemon/store/drivers/pick.ts'
import { openStore } from '../../../daemon/store/open-store.ts'
import type { CatchUp, JobRow, SpanRow, SpecRow, TurnCommit } from '../../../daemon/store/rows.ts'
import type { Store } from '../../../daemon/store/store.ts'
import { type JobState, stateNumber } from '../../../protocol/states.ts'

/** The drivers of the contract. */
export const driverNames = ['sqlite3', 'node:sqlite'] as const

/** A driver's name. */
export type DriverName = (typeof driverNames)[number]

/** The driver, or a skip that says why it can't be had. */
export async function driverOrSkip(name: DriverName, context: TestContext): Promise<PickedDriver> {
  try {
    return await pickDriver({ preference: name })
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return context.skip(`${name} can't be loaded: ${reason}`)
  }
}

/** A folder of one test, removed when it ends. */
export function folderFor(context: TestContext, parent = tmpdir()): string {
  const folder = mkdtempSync(join(parent, 'balsam-store-'))
  context.onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A store over a file; closed when the test ends, unless it was before. */
export async function storeAt(
  picked: PickedDriver,
  file: string,
  context: TestContext,
  isShared = false,
): Promise<Store> {
  const driver = await picked.open({ file, isShared })
  const store = await openStore({ driver, file })
  let isClosed = false
  const close = async (): Promise<void> => {
    if (isClosed) return
    isClosed = true
    await store.close()
  }
  context.onTestFinished(close)
  return { ...store, close }
}

/** A new store that is open for writing. */
export async function newStore(name: DriverName, context: TestContext): Promise<Store> {
  const store = await storeAt(
    await driverOrSkip(name, context),
    join(folderFor(context), 'balsam.db'),
    context,
  )
  await store.open('test')
  return store
}

/** A turn that writes nothing but its record, with what is given. */
export function turn(seq: number, parts: Partial<TurnCommit> = {}): TurnCommit {
  return {
    seq,
    at: 1_763_835_000_000 + seq,
    body: JSON.stringify({ seq }),
    specs: [],
    edges: [],
    apps: [],
    actors: [],
    forgottenActors: [],
    submissions: [],
    settledBlocks: [],
    settledChanges: [],
    forgottenApps: [],
    ...parts,
  }
}

/** A catch-up with what is given. */
export function rows(seq: number, parts: Partial<CatchUp> = {}): CatchUp {
  return {
    seq,
    jobs: [],
    removedJobs: [],
    removedSpans: [],
    spans: [],
    removedSpecs: [],
    edges: [],
    removedRanges: [],
    notes: [],
    tallies: [],
    ...parts,
  }
}

/** The number of a state. */
export function numberOfState(state: JobState): number {
  return stateNumber(state) ?? -1
}

/** The spec of an array, or of a single job when `arrayFirst` is null. */
export function spec(lo: number, hi: number, parts: Partial<SpecRow> = {}): SpecRow {
  const name = parts.name ?? `job${lo}`
  const body = JSON.stringify({ name })
  return { lo, hi, workflow: 'w', name, app: null, arrayFirst: null, body, ...parts }
}

/** A span of jobs that wait to be run. */
export function span(lo: number, hi: number, parts: Partial<SpanRow> = {}): SpanRow {
  return {
    lo,
    hi,
    spec: null,
    workflow: 'w',
    priority: 0,
    cpus: 1,
    packing: 1,
    wallMinutes: 1,
    facts: '{}',
    state: numberOfState('PREPROCESSED'),
    log: '[[1763835000000,"SUBMITTED"]]',
    ...parts,
  }
}

/** The row of a job that ended well. */
export function job(id: number, parts: Partial<JobRow> = {}): JobRow {
  return {
    id,
    spec: id,
    state: numberOfState('JOB_FINISHED'),
    attempts: 1,
    failures: 0,
    startedAt: 1_763_835_000_100,
    endedAt: 1_763_835_000_200,
    code: 0,
    signal: null,
    log: `[[1763835000000,"SUBMITTED"],[1763835000200,"EXITED",0]]`,
    ...parts,
  }
}
