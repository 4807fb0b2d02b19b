// Everything the daemon knows about its site's jobs, in memory:
// spans, open jobs, leases, queues, counts.
// Only daemon/core/apply changes it, from journal records; everything else looks.
import type { AppSpec, JobId, LeaseToken } from '../../protocol/job.ts'
import type { EdgeRow } from '../store/rows.ts'
import { Dag } from './dag.ts'
import type { LauncherState } from './launcher-state.ts'
import type { OpenJob } from './open-job.ts'
import { QueueTable } from './queues.ts'
import { SpanTable } from './spans.ts'
import { StepQueues } from './step-queues.ts'
import { Tallies } from './tallies.ts'

/** The site in memory. */
export interface Site {
  readonly spans: SpanTable
  readonly queues: QueueTable
  /** Jobs that wait for a hook or a transfer. */
  readonly steps: StepQueues
  readonly tallies: Tallies
  /** Who waits for whom. */
  readonly dag: Dag
  /** Jobs that may still change, by id. */
  readonly open: Map<JobId, OpenJob>
  /** Open attempts by token. */
  readonly leases: Map<LeaseToken, OpenJob>
  readonly launchers: Map<number, LauncherState>
  readonly apps: Map<string, AppSpec>
  /** Jobs whose row in the store is behind. */
  changed: OpenJob[]
  removedJobs: JobId[]
  /** History records of ended jobs first..last, which only the store has. */
  notes: (readonly [first: JobId, last: JobId, text: string])[]
  removedSpecs: JobId[]
  removedRanges: (readonly [first: JobId, last: JobId])[]
  /** Edges that are not in the store yet. */
  newEdges: EdgeRow[]
  /** Parents added to jobs that have not ended: the tables may not show the last of them yet. */
  readonly lateParents: Map<JobId, JobId[]>
}

/** What an applied record asks of the world outside; a replay ignores it. */
export interface Sink {
  /**
   * Jobs first..last of a workflow went from one state to another. From −1: they are new to it, to
   * −1: they left it for another one.
   */
  moved(workflow: string, first: JobId, last: JobId, from: number, to: number): void
  /** The open attempt of this job is to be ended. */
  endLease(job: OpenJob): void
  /** Token of the lease whose task asks for the change: it is not ended for that. */
  readonly asker?: LeaseToken
  /** The open attempt of this job is to come back, if its task has not started. */
  takeBack(job: OpenJob): void
}

/** A site with nothing in it. */
export function emptySite(): Site {
  return {
    spans: new SpanTable(),
    queues: new QueueTable(),
    steps: new StepQueues(),
    tallies: new Tallies(),
    dag: new Dag(),
    open: new Map(),
    leases: new Map(),
    launchers: new Map(),
    apps: new Map(),
    changed: [],
    removedJobs: [],
    notes: [],
    removedSpecs: [],
    removedRanges: [],
    newEdges: [],
    lateParents: new Map(),
  }
}

/** Marks that the job's row is behind. */
export function markChanged(site: Site, job: OpenJob): void {
  if (job.isChanged) return
  job.isChanged = true
  site.changed.push(job)
}
