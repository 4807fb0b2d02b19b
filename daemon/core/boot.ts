// From what the store holds to a site in memory: rows first, then the journal records after them,
// through the same code that decided them.
// Ends with the effects of every live actor being derived again.
import type { JobId } from '../../protocol/job.ts'
import type { Log } from '../../protocol/ports.ts'
import type { JobRow, SpanRow, SpanShape, SpecRow, StoredSite } from '../store/rows.ts'
import { type AllocationState, restoreAllocation } from './allocation-state.ts'
import { applyRecord } from './apply.ts'
import { stateInMemory } from './in-memory.ts'
import { waitsForStep } from './job-steps.ts'
import { restoreLauncher } from './launcher-store.ts'
import { mixOf } from './mix.ts'
import type { OpenJob } from './open-job.ts'
import { decodeRecords } from './records.ts'
import { jobOfRow } from './restore-job.ts'
import { shapeOf } from './shape.ts'
import { emptySite, type Sink, type Site } from './site.ts'
import { isEnd, isRunnable } from './steps.ts'
import { fromStore } from './stored-json.ts'
import { joinQueue } from './waiting.ts'

/** What boot gives. */
export interface Booted {
  readonly site: Site
  readonly allocations: Map<number, AllocationState>
}

const silent: Sink = {
  moved: () => undefined,
  endLease: () => undefined,
  takeBack: () => undefined,
}

/**
 * Makes the site that the store describes, in the directory where it is now. `loadSpecs` reads the
 * specs of these jobs.
 */
export async function bootSite(
  stored: StoredSite,
  siteDirectory: string,
  loadSpecs: (ids: readonly JobId[]) => Promise<SpecRow[]>,
  log: Log,
): Promise<Booted> {
  const site = emptySite()
  for (const app of stored.apps) site.apps.set(app.name, app)
  site.tallies.restore(stored.tallies)
  const allocations = new Map<number, AllocationState>()
  for (const row of stored.actors) {
    if (row.kind === 'launcher') {
      const node = stored.actors.find((other) => other.kind === 'node' && other.id === row.id)
      site.launchers.set(row.id, restoreLauncher(row, node))
    }
    if (row.kind === 'allocation') {
      allocations.set(row.id, restoreAllocation(row, siteDirectory))
    }
  }
  for (const row of stored.spans) restoreSpan(site, row)
  await restoreJobs(site, stored.openJobs, loadSpecs)
  restoreWaiting(site, stored)
  for (const turn of stored.journal) {
    for (const record of decodeRecords(turn.body)) applyRecord(site, turn.at, record, silent)
  }
  failOrphans(site, stored)
  log.info('the site is in memory', {
    open: site.open.size,
    leases: site.leases.size,
    spans: stored.spans.length,
    replayed: stored.journal.length,
  })
  return { site, allocations }
}

function restoreSpan(site: Site, row: SpanRow): void {
  const { lo, hi, spec, state, log, mix: stored, ...shape } = row
  const queue = site.queues.of(shape)
  const mix = mixOf(site.queues, lo, stored)
  const span = { lo, hi, spec, state, log, queue, mix, storedLo: lo }
  site.spans.add(span)
  joinQueue(site, span)
}

/** Who waits for whom, as it was when the tables were written. */
function restoreWaiting(site: Site, { waiting }: StoredSite): void {
  const places = new Map<string, number>()
  const nodes: number[] = []
  for (const { first, last, unfinished } of waiting.ends) {
    places.set(`${first}-${last}`, places.size)
    nodes.push(first, last - first + 1, unfinished)
  }
  const placeOf = (first: JobId, last: JobId): number => places.get(`${first}-${last}`) ?? -1
  const edges = waiting.edges.flatMap((edge) => [
    placeOf(edge.child, edge.childLast),
    placeOf(edge.parent, edge.parentLast),
  ])
  site.dag.add({ nodes, edges, failed: [] })
}

/** A retry may have been cut off between a child and its parent: then the child fails as before. */
function failOrphans(site: Site, { waiting }: StoredSite): void {
  for (const { first, last, failed } of waiting.ends) {
    if (failed === null || first !== last || stateInMemory(site, first) !== null) continue
    site.dag.add({ nodes: [first, 1, 1], edges: [], failed: [[0, failed]] })
  }
}

async function restoreJobs(
  site: Site,
  rows: readonly JobRow[],
  loadSpecs: (ids: readonly JobId[]) => Promise<SpecRow[]>,
): Promise<void> {
  if (rows.length === 0) return
  // Both in order of id: an array's specs may have been split since the row was written.
  const specs = await loadSpecs(rows.map((row) => row.id))
  let at = 0
  let shape: SpanShape | null = null
  for (const row of rows) {
    for (; (specs[at]?.hi ?? row.id) < row.id; at += 1) shape = null
    const spec = specs[at]
    if (spec === undefined || spec.lo > row.id) {
      throw new Error(`job ${row.id} has no spec in the store`)
    }
    shape ??= shapeOf(fromStore(spec.body))
    restoreJob(site, jobOfRow(site, row, spec.lo, shape))
  }
}

function restoreJob(site: Site, job: OpenJob): void {
  if (job.token === 0 && isEnd(job.state)) return
  site.open.set(job.id, job)
  if (job.token !== 0) return
  if (isRunnable(job.state)) site.queues.addJob(job)
  else if (waitsForStep(job.state)) site.steps.addJob(job)
}
