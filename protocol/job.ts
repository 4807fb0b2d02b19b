// What a user says about apps and jobs, and what the daemon says back about them.
// Types only; the checks at the border are in protocol/validation.
import type { JobState } from './states.ts'

/** A job's number: an integer that only grows within a site and is never used twice. */
export type JobId = number
/** The right of one launcher to run one attempt: an integer that only grows within a site. */
export type LeaseToken = number

/** A named application: the first half of the command line of its jobs. */
export interface AppSpec {
  readonly name: string
  /** Command words before the job's args; split by POSIX quoting, never given to a shell. */
  readonly executable: string
  readonly description: string
  /** A file that bash sources before the task; '' for none. A missing file is an error. */
  readonly envscript: string
  /** Variables set for every job of the app, after the envscript. */
  readonly environment: Readonly<Record<string, string>>
}

/** What a job occupies of one node. `cpus` wins where both are said. */
export interface JobResources {
  /** Whole cores. null: a share of the node, 1 / nodePackingCount. */
  readonly cpus: number | null
  /** How many such jobs fit on one node (Balsam's node_packing_count, 1 = the whole node). */
  readonly nodePackingCount: number
}

/** Where a task's standard output and error go. */
export type OutputPlan =
  /** `<workdir>/<name>.out`, stdout and stderr together, as in Balsam 0.3. */
  | { readonly to: 'workdir' }
  /** Nothing is kept and no directory is made; the task runs in `cwd`. */
  | { readonly to: 'none' }
  /** This absolute file; `{i}`, `{id}` and `{name}` are replaced. The task runs in `cwd`. */
  | { readonly to: 'file'; readonly file: string }

/** One request: a job, or an array of alike jobs. The daemon stores it once, whatever its size. */
export interface JobRequest {
  readonly name: string
  readonly workflow: string
  /** Name of the app, or null for a plain command. */
  readonly application: string | null
  /** With an app: the words after its executable, as one string split by POSIX quoting. */
  readonly args: string
  /** Without an app: the whole argument vector; `{i}` is the array index. */
  readonly command: readonly string[] | null
  readonly description: string
  readonly environment: Readonly<Record<string, string>>
  readonly resources: JobResources
  /** Larger runs earlier; default 0. */
  readonly priority: number
  /** Automatic retries after a failed attempt (not after a lost one); default 0. */
  readonly maxRetries: number
  /** Estimated run time in minutes: order of equal jobs, longest first. */
  readonly wallTimeMinutes: number
  readonly output: OutputPlan
  /** The submitter's working directory (absolute): used by outputs `none` and `file`. */
  readonly cwd: string
  /** First and last array index, inclusive; null for a single job. */
  readonly array: { readonly first: number; readonly last: number } | null
}

/** What a submission got: contiguous ranges of new ids, in the order of the requests. */
export interface SubmissionReceipt {
  readonly schema: 'balsam.submission/1'
  /** Inclusive ranges; neighbours are merged, so 100,000 singles come as one range. */
  readonly ranges: readonly (readonly [first: JobId, last: JobId])[]
  readonly total: number
  /** True when the idempotency key had been used before and these are the earlier ids. */
  readonly isRepeat: boolean
}

/** A row of a job list. Times are ISO 8601 UTC, or null. */
export interface JobItem {
  readonly id: JobId
  readonly name: string
  readonly workflow: string
  readonly application: string | null
  readonly state: JobState
  readonly attempts: number
  readonly started_at: string | null
  readonly ended_at: string | null
  readonly return_code: number | null
  readonly signal: number | null
}

/** One try at running a job. */
export interface AttemptView {
  readonly attempt: number
  readonly token: LeaseToken
  readonly launcher: number
  readonly node: string
  readonly outcome:
    | 'leased'
    | 'running'
    | 'succeeded'
    | 'failed'
    | 'timed_out'
    | 'killed'
    | 'lost'
    | 'withdrawn'
  readonly started_at: string | null
  readonly ended_at: string | null
  readonly return_code: number | null
  readonly signal: number | null
  /** Why it could not start or was lost; '' when there is nothing to say. */
  readonly reason: string
  readonly wall_s: number | null
  readonly user_s: number | null
  readonly system_s: number | null
  readonly max_rss_kib: number | null
  /** True when max_rss_kib is only an upper bound (the spawner's own peak hides the task's). */
  readonly is_rss_below: boolean
}

/** One transition of a job's history. */
export interface HistoryEntry {
  readonly at: string
  readonly state: JobState
  readonly message: string
}

/** All that is known about one job. */
export interface JobDetail extends JobItem {
  readonly schema: 'balsam.job/1'
  readonly description: string
  /** The final argument vector. */
  readonly argv: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly resources: JobResources
  readonly priority: number
  readonly max_retries: number
  readonly array_index: number | null
  readonly working_directory: string
  /** File with the task's output, or null when none is kept. */
  readonly output_file: string | null
  readonly history: readonly HistoryEntry[]
  readonly attempt_list: readonly AttemptView[]
}

/** Which jobs are meant. All given conditions must hold; none given = all jobs. */
export interface JobFilter {
  readonly ids?: readonly JobId[]
  /** Inclusive ranges of ids; with `ids`, a job in either is meant. In a query: `ids=7,100-200`. */
  readonly ranges?: readonly (readonly [first: JobId, last: JobId])[]
  readonly name?: string
  readonly workflow?: string
  readonly application?: string
  readonly states?: readonly JobState[]
}

/** Number of jobs in each state; states with none may be absent. */
export type StateCounts = Partial<Record<JobState, number>>
