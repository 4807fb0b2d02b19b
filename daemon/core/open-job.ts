// A job that something happened to alone and that is not over: in memory while it may still change.
// Its row in the store is its snapshot without loss.
import type { JobContext } from '../../machines/job.ts'
import type { JobId, LeaseToken } from '../../protocol/job.ts'
import type { JobRow } from '../store/rows.ts'
import type { Queue } from './queues.ts'

/** A job in motion. One object holds job and open attempt: there is never more than one of those. */
export interface OpenJob {
  readonly id: JobId
  /** `lo` of its spec. */
  readonly spec: JobId
  readonly queue: Queue
  /** State number of the job machine = the public state. */
  state: number
  readonly context: JobContext
  /** Token of the open attempt, 0 when there is none. */
  token: LeaseToken
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
  /** History records as JSON text without the closing bracket: `[[at,"EVENT"],…`. */
  log: string
  isQueued: boolean
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
    log: `${job.log}]`,
  }
}
