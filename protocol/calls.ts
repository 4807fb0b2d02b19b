// The calls over the daemon's local socket: HTTP/JSON, usable with curl. Types and paths only.
// Versioned by the path; fields are only ever added.
import type {
  AppSpec,
  AttemptView,
  HistoryEntry,
  JobData,
  JobFilter,
  JobId,
  JobItem,
  JobResources,
  StateCounts,
} from './job.ts'
import type { JobState } from './states.ts'

/** Every path of the call language, by what it does. */
export const paths = {
  /** GET → DaemonStatus. */
  status: '/v1/status',
  /** GET ?check=1 → StoreCheck: PRAGMA integrity_check and the audit of the tables. */
  check: '/v1/check',
  /** POST {mode:'stop'|'restart'} → {} once everything is written. */
  stop: '/v1/stop',
  /** GET → ListOf<AppSpec>; POST AppSpec → AppSpec. */
  apps: '/v1/apps',
  /** POST NDJSON of JobRequest lines, header idempotency-key optional → SubmissionReceipt. */
  submissions: '/v1/submissions',
  /** GET ?workflow&state&name&application&ids&after&limit → JobPage. */
  jobs: '/v1/jobs',
  /** GET /v1/jobs/REF (id or unique name) → JobDetail. */
  job: '/v1/jobs/',
  /** GET, filters as jobs → Tally. */
  tally: '/v1/tally',
  /** GET ?after&limit → WorkflowPage: each workflow with its jobs by state, by name. */
  workflows: '/v1/workflows',
  /** GET, filters as jobs → NDJSON of WaitProgress, ends when all matched jobs have ended. */
  wait: '/v1/wait',
  /** POST JobQueryRequest → JobPage: lists with any condition, order and columns. */
  query: '/v1/query',
  /** POST ModifyRequest → ModifyReceipt. */
  modify: '/v1/modify',
  /** POST RetryRequest → RetryReceipt. */
  retry: '/v1/retry',
  /** POST EdgesRequest → EdgesReceipt: parents for jobs that have not started. */
  dependencies: '/v1/dependencies',
  /** POST {filter} → NDJSON of JobEdge: every edge whose child matches. */
  edges: '/v1/edges',
  /** POST {filter} → NDJSON of JobHistory. */
  history: '/v1/history',
  /** GET → NDJSON of SiteEvent from now on, endless. */
  events: '/v1/events',
  /** PUT /v1/apps/NAME AppSpec → AppSpec (replaces); DELETE → {}. */
  app: '/v1/apps/',
  /** POST {filter, graceMs?} → KillReceipt. */
  kill: '/v1/kill',
  /** POST {filter, withData, isDryRun} → RemoveReceipt. */
  remove: '/v1/remove',
  /** GET → ListOf<AllocationItem>; POST AllocationRequest → AllocationItem. */
  allocations: '/v1/allocations',
  /** POST /v1/allocations/ID/cancel → AllocationItem. */
  allocation: '/v1/allocations/',
  /** GET → ListOf<LauncherItem>; POST ForeignLauncherRequest → ForeignLauncherGrant. */
  launchers: '/v1/launchers',
  /** POST {file} → {file, bytes}: a live copy of the database. */
  backup: '/v1/backup',
} as const

/** Header of an idempotent submission. */
export const idempotencyHeader = 'idempotency-key'

/** A list document: the same envelope everywhere. */
export interface ListOf<Item> {
  readonly schema: string
  readonly items: readonly Item[]
  readonly total: number
  readonly truncated: boolean
}

/** A page of jobs; `next` is the `after` of the following page. */
export interface JobPage extends ListOf<JobItem> {
  readonly schema: 'balsam.jobs/1'
  readonly next: JobId | null
}

/** The daemon about itself. */
export interface DaemonStatus {
  readonly schema: 'balsam.status/1'
  readonly version: string
  readonly frame_version: number
  readonly state: 'serving' | 'draining'
  readonly pid: number
  readonly epoch: number
  readonly site: string
  readonly site_id: string
  readonly host: string
  readonly socket: string
  readonly started_at: string
  readonly uptime_s: number
  readonly rss_mib: number
  readonly cpu_s: number
  readonly driver: string
  /** Why this driver. */
  readonly driver_reason: string
  readonly journal_mode: string
  readonly launchers: number
  readonly jobs: StateCounts
  /** Longest time in ms that the event loop was blocked since the last status. */
  readonly loop_lag_ms_max: number
}

/** The answer of a deep check. */
export interface StoreCheck {
  readonly schema: 'balsam.check/1'
  readonly ok: boolean
  /** 'ok', or what SQLite's integrity_check found. */
  readonly integrity: string
  /** Breaches of the store's own rules; empty when all hold. */
  readonly breaches: readonly string[]
}

/** Number of jobs by state for a filter. */
export interface Tally {
  readonly schema: 'balsam.tally/1'
  readonly total: number
  readonly states: StateCounts
}

/** A workflow with its jobs by state. */
export interface WorkflowItem extends Omit<Tally, 'schema'> {
  readonly workflow: string
}

/** A page of workflows; `next` is the `after` of the following page. */
export interface WorkflowPage extends ListOf<WorkflowItem> {
  readonly schema: 'balsam.workflows/1'
  readonly next: string | null
}

/** One line of a wait stream. */
export interface WaitProgress {
  readonly total: number
  readonly states: StateCounts
  readonly is_done: boolean
  /** Launchers connected now: 0 means that nothing will run until one comes. */
  readonly launchers: number
  /** Allocations asked for and not yet running. */
  readonly pending_allocations: number
}

/** Filter and grace of a kill. */
export interface KillRequest {
  readonly filter: JobFilter
  readonly graceMs?: number
  /** With everything that waits for them, directly or not. */
  readonly isRecursive?: boolean
}

/** A list with any condition. Without an order: by id, paged by `after`; with one: by `offset`. */
export interface JobQueryRequest {
  readonly filter?: JobFilter
  /** Columns (protocol/query) for each item's `fields`. */
  readonly fields?: readonly string[]
  /** Columns, `-` in front for descending. */
  readonly order?: readonly string[]
  readonly after?: JobId
  readonly offset?: number
  readonly limit?: number
}

/**
 * Changes to jobs that have not ended: an absent field stays. `tags` and `data` are merged (null
 * deletes a key) unless isReplacing. `state` forces a state.
 */
export interface JobChanges {
  readonly name?: string
  readonly workflow?: string
  readonly application?: string
  readonly args?: string
  readonly command?: readonly string[]
  readonly description?: string
  readonly environment?: Readonly<Record<string, string>>
  readonly resources?: Partial<JobResources>
  readonly priority?: number
  readonly maxRetries?: number
  readonly retryOn?: readonly string[]
  readonly wallTimeMinutes?: number
  readonly waitForParents?: boolean
  readonly inputFiles?: readonly string[]
  readonly stageInUrl?: string
  readonly stageOutUrl?: string
  readonly stageOutFiles?: readonly string[]
  readonly preprocess?: string
  readonly postprocess?: string
  readonly postErrorHandler?: boolean
  readonly postTimeoutHandler?: boolean
  readonly autoTimeoutRetry?: boolean
  readonly userWorkdir?: string
  readonly tags?: Readonly<Record<string, string | null>>
  readonly data?: JobData
  readonly state?: JobState
}

/** What a modify is asked. All matching jobs or none. */
export interface ModifyRequest {
  readonly filter: JobFilter
  readonly changes: JobChanges
  /** Why, for the history. */
  readonly message?: string
  /** Also states that the machine itself would not go to from there. */
  readonly isForced?: boolean
  /** `tags` and `data` replace what was there. */
  readonly isReplacing?: boolean
  readonly isDryRun?: boolean
}

/** What a modify did or would do. */
export interface ModifyReceipt {
  readonly schema: 'balsam.modify/1'
  readonly modified: number
  readonly dry_run: boolean
}

/** Ended jobs to run again: same ids, earlier attempts and their output are kept. */
export interface RetryRequest {
  readonly filter: JobFilter
  /** Multiplies memoryMiB, wallTimeMinutes. */
  readonly memoryFactor?: number
  readonly timeFactor?: number
  readonly isDryRun?: boolean
}

/** What a retry did or would do; `causes` counts the ends, e.g. `exit code 3`, `signal 9`. */
export interface RetryReceipt {
  readonly schema: 'balsam.retry/1'
  readonly retried: number
  readonly causes: Readonly<Record<string, number>>
  readonly dry_run: boolean
}

/** Edges to add; a cycle or an unknown job refuses all. */
export interface EdgesRequest {
  readonly edges: readonly (readonly [parent: JobId, child: JobId])[]
}

/** What was added; edges that were there already are not counted. */
export interface EdgesReceipt {
  readonly schema: 'balsam.edges/1'
  readonly added: number
}

/** One line of the edges stream. */
export interface JobEdge {
  readonly parent: JobId
  readonly child: JobId
}

/** One line of the history stream. */
export interface JobHistory {
  readonly id: JobId
  readonly name: string
  readonly workflow: string
  readonly application: string | null
  readonly num_nodes: number
  readonly history: readonly HistoryEntry[]
  readonly attempts: readonly AttemptView[]
}

/** One line of the events stream: jobs first..last of a workflow changed their state. */
export interface SiteEvent {
  readonly first: JobId
  readonly last: JobId
  readonly workflow: string
  /** null: they are new. */
  readonly from: JobState | null
  readonly to: JobState
  /** True when lines were left out because the reader was slow: look again. */
  readonly is_gap?: boolean
}

/** What a kill did. */
export interface KillReceipt {
  readonly schema: 'balsam.kill/1'
  readonly killed: number
  readonly already_ended: number
}

/** What an rm is asked. Running jobs are refused. */
export interface RemoveRequest {
  readonly filter: JobFilter
  readonly isDryRun: boolean
}

/** What an rm did or would do. */
export interface RemoveReceipt {
  readonly schema: 'balsam.remove/1'
  readonly removed: number
  readonly dry_run: boolean
}

/** Balsam's submit-launch. */
export interface AllocationRequest {
  readonly project: string
  readonly queue: string
  readonly nodes: number
  readonly wallTimeMinutes: number
  readonly jobMode: 'serial' | 'mpi' | 'mixed'
  /** Only jobs whose workflow contains this text; '' = all. */
  readonly wfFilter: string
  /** Cores that each node offers; null: all of the machine. Local scheduler only. */
  readonly cpusPerNode: number | null
  /** End when there has been no work for this long; null: until the walltime. */
  readonly idleExitMs: number | null
  /** Environment of the submitting shell: the tasks' base on the local scheduler. */
  readonly environment: Readonly<Record<string, string>>
  /** Answers every task at once without a process: for measurements. */
  readonly isNoExec: boolean
  /** Hooks and transfers at once on each node; 0 leaves them to others; absent: by the settings. */
  readonly hookSlots?: number
  /** The daemon's own: no cores, only hooks and transfers. */
  readonly isHooks?: boolean
}

/** An allocation as listed. */
export interface AllocationItem {
  readonly id: number
  readonly scheduler: string
  readonly scheduler_id: string | null
  readonly project: string
  readonly queue: string
  readonly nodes: number
  readonly wall_time_minutes: number
  readonly job_mode: string
  readonly wf_filter: string
  readonly state: 'PENDING' | 'SUBMITTING' | 'QUEUED' | 'RUNNING' | 'ENDING' | 'ENDED' | 'FAILED'
  readonly reason: string
  readonly is_foreign: boolean
  readonly created_at: string
  readonly started_at: string | null
  readonly ended_at: string | null
}

/** A connected or expected launcher. */
export interface LauncherItem {
  readonly id: number
  readonly allocation: number
  readonly node: string
  readonly state: 'CONNECTED' | 'SILENT' | 'DRAINING' | 'GONE'
  readonly cpus: number
  readonly running: number
  readonly queued: number
  readonly connected_at: string | null
}

/** `balsam launcher`: a launcher started by hand asks to be known. */
export interface ForeignLauncherRequest {
  readonly node: string
  readonly nodes: number
  readonly cpusPerNode: number | null
  readonly wfFilter: string
  readonly jobMode: 'serial' | 'mpi' | 'mixed'
  readonly wallTimeMinutes: number | null
  readonly idleExitMs: number | null
  readonly isNoExec: boolean
  readonly hookSlots?: number
}

/** What it gets: the directory with its allocation.json, from which the supervisor is started. */
export interface ForeignLauncherGrant {
  readonly allocation: AllocationItem
  readonly run_directory: string
}

export type { AppSpec }
