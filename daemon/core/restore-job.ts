// A job's row back into memory, with the open attempt that its history tells of.
// Only for the boot and for records; whoever calls it puts the job where it belongs.
import type { JobId } from '../../protocol/job.ts'
import type { JobRow, SpanShape } from '../store/rows.ts'
import { stepOutcomes } from './job-steps.ts'
import type { OpenJob } from './open-job.ts'
import { footprint } from './shape.ts'
import type { Site } from './site.ts'
import { attemptKilling, attemptLeased, attemptStarted, factsOf } from './steps.ts'
import { fromStore } from './stored-json.ts'
import type { HistoryRecord } from './views.ts'

/** The job of a row; `spec` is the `lo` of the spec that covers it now. */
export function jobOfRow(site: Site, row: JobRow, spec: JobId, shape: SpanShape): OpenJob {
  const job: OpenJob = {
    id: row.id,
    spec,
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
  return job
}

const stepEnds: ReadonlySet<string> = new Set(['STEP_ENDED', ...stepOutcomes])

/** Does this record of a history end the lease that was open? */
export function isLeaseEnd(event: string): boolean {
  if (event === 'WITHDRAWN' || stepEnds.has(event)) return true
  return event.startsWith('ATTEMPT_') && event !== 'ATTEMPT_STARTED'
}

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
    else if (isLeaseEnd(event)) {
      job.token = 0
      job.step = 0
    }
  }
  if (job.token !== 0) restoreOnLauncher(site, job)
}

function restoreOnLauncher(site: Site, job: OpenJob): void {
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
