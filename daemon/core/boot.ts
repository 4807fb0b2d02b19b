// From what the store holds to a site in memory: rows first, then the journal records after them,
// through the same code that decided them.
// Ends with the effects of every live actor being derived again.
import type { JobId } from '../../protocol/job.ts'
import type { Log } from '../../protocol/ports.ts'
import { stateNumber } from '../../protocol/states.ts'
import type { JobRow, SpanRow, SpecRow, StoredSite } from '../store/rows.ts'
import { type AllocationState, restoreAllocation } from './allocation-state.ts'
import { applyRecord } from './apply.ts'
import { stepOutcomes, waitsForStep } from './job-steps.ts'
import { restoreLauncher } from './launcher-store.ts'
import { mixOf } from './mix.ts'
import type { OpenJob } from './open-job.ts'
import { decodeRecords } from './records.ts'
import { footprint, shapeOf } from './shape.ts'
import { emptySite, type Sink, type Site } from './site.ts'
import {
  attemptKilling,
  attemptLeased,
  attemptStarted,
  factsOf,
  isEnd,
  isRunnable,
} from './steps.ts'
import { fromStore } from './stored-json.ts'
import type { HistoryRecord } from './views.ts'
import { joinQueue } from './waiting.ts'

/** What boot gives. */
export interface Booted {
  readonly site: Site
  readonly allocations: Map<number, AllocationState>
}

const silent: Sink = { moved: () => undefined, endLease: () => undefined }

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
  for (const { first, last, finished } of waiting.finished) {
    places.set(`${first}-${last}`, places.size)
    const inSpans = site.spans
      .overlapping(first, last)
      .filter(({ span }) => span.state === finishedState)
      .reduce((sum, part) => sum + part.last - part.first + 1, 0)
    const size = last - first + 1
    nodes.push(first, size, size - finished - inSpans)
  }
  const placeOf = (first: JobId, last: JobId): number => places.get(`${first}-${last}`) ?? -1
  const edges = waiting.edges.flatMap((edge) => [
    placeOf(edge.child, edge.childLast),
    placeOf(edge.parent, edge.parentLast),
  ])
  site.dag.add({ nodes, edges, failed: [] })
}

const finishedState = stateNumber('JOB_FINISHED')

async function restoreJobs(
  site: Site,
  rows: readonly JobRow[],
  loadSpecs: (ids: readonly JobId[]) => Promise<SpecRow[]>,
): Promise<void> {
  if (rows.length === 0) return
  const specs = new Map<JobId, SpecRow>()
  for (const spec of await loadSpecs(rows.map((row) => row.spec))) specs.set(spec.lo, spec)
  for (const row of rows) {
    const spec = specs.get(row.spec)
    if (spec === undefined) throw new Error(`job ${row.id} has no spec in the store`)
    restoreJob(site, row, spec)
  }
}

function restoreJob(site: Site, row: JobRow, spec: SpecRow): void {
  const shape = shapeOf(fromStore(spec.body))
  const job: OpenJob = {
    id: row.id,
    spec: row.spec,
    queue: site.queues.of(shape),
    state: row.state,
    context: { attempts: row.attempts, failures: row.failures, facts: factsOf(shape) },
    token: 0,
    pastToken: 0,
    step: 0,
    attempt: attemptLeased,
    launcher: 0,
    cpus: 0,
    startedAt: row.startedAt,
    endedAt: row.endedAt,
    code: row.code,
    signal: row.signal,
    log: row.log.slice(0, -1),
    leasedAt: 0,
    isStartUnwritten: false,
    isQueued: false,
    isStepQueued: false,
    isChanged: false,
  }
  restoreLease(site, job, fromStore(row.log))
  if (job.token === 0 && isEnd(job.state)) return
  site.open.set(job.id, job)
  if (job.token !== 0) return
  if (isRunnable(job.state)) site.queues.addJob(job)
  else if (waitsForStep(job.state)) site.steps.addJob(job)
}

const stepEnds: ReadonlySet<string> = new Set(['STEP_ENDED', ...stepOutcomes])

/** The open attempt of a job is the last lease of its history that nothing ended. */
function restoreLease(site: Site, job: OpenJob, records: readonly HistoryRecord[]): void {
  for (const [at, event, token, launcher, step] of records) {
    if (event === 'STEP') {
      job.token = Number(token)
      job.launcher = Number(launcher)
      job.step = Number(step)
      job.attempt = attemptLeased
    } else if (event === 'LEASED') {
      job.token = Number(token)
      job.pastToken = job.token
      job.launcher = Number(launcher)
      job.attempt = attemptLeased
      job.step = 0
      job.startedAt = null
    } else if (event === 'ATTEMPT_STARTED') {
      job.attempt = attemptStarted
      job.startedAt = at
    } else if ((event === 'KILL' || event === 'KILLING') && job.token !== 0)
      job.attempt = attemptKilling
    else if (event === 'WITHDRAWN' || event.startsWith('ATTEMPT_') || stepEnds.has(event)) {
      job.token = 0
      job.step = 0
    }
  }
  if (job.token === 0) return
  const launcher = site.launchers.get(job.launcher)
  site.leases.set(job.token, job)
  if (launcher === undefined) return
  if (job.step !== 0) {
    launcher.steps += 1
    return
  }
  job.cpus = footprint(job.queue.shape, launcher.facts.cpus)
  launcher.usedCpus += job.cpus
  launcher.leases += 1
}
