// A job that something happened to alone and that is not over: in memory while it may still change.
// Its row in the store is its snapshot without loss.
import type { JobContext } from '../../machines/job.ts'
import type { JobId, LeaseToken } from '../../protocol/job.ts'
import type { JobRow } from '../store/rows.ts'
import type { Queue } from './queues.ts'

/**
 * A job in motion. One object holds job and open attempt: there is never more than one of those.
 */
export interface OpenJob {
  readonly id: JobId
  /** `lo` of its spec. */
  spec: JobId
  queue: Queue
  /** State number of the job machine = the public state. */
  state: number
  context: JobContext
  /** Token of the open attempt, 0 when there is none. */
  token: LeaseToken
  /** Token of the latest attempt, open or not. */
  pastToken: LeaseToken
  /** The open lease is that of a step: the state in which it was given; 0: of a run. */
  step: number
  /** State number of the attempt machine; meaningless without a token. */
  attempt: number
  /** Launcher of the open or latest attempt. */
  launcher: number
  /** Cores that the open attempt holds on its launcher. */
  cpus: number
  startedAt: number | null
  endedAt: number | null
  code: number | null
  signal: number | null
  /** History records as JSON text without the closing bracket: `[[at,"EVENT"],…`; see `note`. */
  log: string
  /** When the open attempt was leased (ms), while that is not yet written into `log`; else 0. */
  leasedAt: number
  /** True while the start of the open attempt is not yet written into `log`. */
  isStartUnwritten: boolean
  /** It waits for a run … */
  isQueued: boolean
  /** … or for a step. */
  isStepQueued: boolean
  /** True while the store's row is older than this. */
  isChanged: boolean
}

/** The row of a job, as it is now. */
export function rowOf(job: OpenJob): JobRow {
  return {
    id: job.id,
    spec: job.spec,
    state: job.state,
    attempts: job.context.attempts,
    failures: job.context.failures,
    startedAt: job.startedAt,
    endedAt: job.endedAt,
    code: job.code,
    signal: job.signal,
    log: `${logOf(job)}]`,
  }
}

/** The history of a job so far, without the closing bracket. */
export function logOf(job: OpenJob): string {
  if (job.leasedAt !== 0 || job.isStartUnwritten) job.log += pending(job)
  return job.log
}

/** Writes an event into a job's history; `args` is JSON text, maybe ''. */
export function note(job: OpenJob, at: number, event: string, args: string): void {
  const isWritten = job.leasedAt === 0 && !job.isStartUnwritten
  const before = isWritten ? '' : pending(job)
  job.log += args === '' ? `${before},[${at},"${event}"]` : `${before},[${at},"${event}",${args}]`
}

/**
 * The lease and its start wait to be written with the end:
 * three pieces of text a job cost more than the job.
 */
function pending(job: OpenJob): string {
  let text = ''
  if (job.leasedAt !== 0) text = `,[${job.leasedAt},"LEASED",${job.pastToken},${job.launcher}]`
  if (job.isStartUnwritten) text += `,[${job.startedAt},"ATTEMPT_STARTED"]`
  job.leasedAt = 0
  job.isStartUnwritten = false
  return text
}
