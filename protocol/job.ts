// What a user says about apps and jobs, and what the daemon says back about them.
// Types only; the checks at the border are in protocol/validation.
import type { Where } from './query.ts'
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
  /** Command run in the working directory before the first attempt; absent or '': none. */
  readonly preprocess?: string
  /** Command run after a success, and as handler of errors and timeouts; absent or '': none. */
  readonly postprocess?: string
  /** What a job of the app gets where it says nothing itself. */
  readonly resources?: Partial<JobResources>
}

/** What a job occupies of one node. `cpus` wins where both are said. */
export interface JobResources {
  /** Whole cores. null: a share of the node, 1 / nodePackingCount. */
  readonly cpus: number | null
  /** How many such jobs fit on one node (Balsam's node_packing_count, 1 = the whole node). */
  readonly nodePackingCount: number
  /** Whole nodes; absent: 1. */
  readonly numNodes?: number
  /** MPI ranks on each node; absent: 1. */
  readonly ranksPerNode?: number
  /** Threads of each rank; above 1 it is the task's OMP_NUM_THREADS. absent: 1. */
  readonly threadsPerRank?: number
  /** Hardware threads used of each core; absent: 1. */
  readonly threadsPerCore?: number
  /** How ranks are bound: Balsam's 'none' or 'depth'; absent: none. */
  readonly cpuAffinity?: string
  /** GPUs of each node, maybe a fraction of one; absent: 0. */
  readonly gpus?: number
  /** Memory on each node in MiB; absent: not said. */
  readonly memoryMiB?: number
  /** Further nodes that the service reserves beside this job; absent: 0. */
  readonly coscheduleNumNodes?: number
}

/** A JSON object of the user's own, kept with a job and open to queries. */
export type JobData = Readonly<Record<string, unknown>>

/** A parent in a request: an id, else a key of the same submission, else a job's unique name. */
export type ParentRef = JobId | string

/** Where a task's standard output and error go. */
export type OutputPlan =
  /** `<workdir>/<name>.out`, stdout and stderr together, as in Balsam 0.3. */
  | { readonly to: 'workdir' }
  /** Nothing is kept and no directory is made; the task runs in `cwd`. */
  | { readonly to: 'none' }
  /** This absolute file; `{i}`, `{id}` and `{name}` are replaced. The task runs in `cwd`. */
  | { readonly to: 'file'; readonly file: string }

/** A call of a Python function in one of the warm workers that launchers keep. */
export interface PythonCall {
  /** Absolute path of the Python that runs it. */
  readonly interpreter: string
  /** What to call, with what; only client and worker understand it. */
  readonly payload: string
  /** Workers are shared by the calls of one context only: modules that it imported stay there. */
  readonly context: string
  /** Where the worker puts what the call gave (absolute); beside it, as `.log`, its last words. */
  readonly resultFile: string
}

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

  // From here on an absent field means its default, so that a plain job stays small.
  /** Name of this request within its submission, for `parents`; not kept. */
  readonly key?: string
  /** Jobs that must finish first; absent: none. Kept as edges, not in the stored request. */
  readonly parents?: readonly ParentRef[]
  /** false: the parents' files are linked, but nobody waits for them. Absent: true. */
  readonly waitForParents?: boolean
  /** Globs; what they match in the parents' working directories is linked into the job's own. */
  readonly inputFiles?: readonly string[]
  /** Copied into the working directory before the preprocess script: `local:` or `file:`. */
  readonly stageInUrl?: string
  /** Where `stageOutFiles` are copied after the postprocess script. */
  readonly stageOutUrl?: string
  /** Globs in the working directory. */
  readonly stageOutFiles?: readonly string[]
  /** Instead of the app's; '' for none. */
  readonly preprocess?: string
  readonly postprocess?: string
  /** The postprocess script handles a failed attempt; absent: false. */
  readonly postErrorHandler?: boolean
  /** The postprocess script handles an attempt whose time was over; absent: false. */
  readonly postTimeoutHandler?: boolean
  /** Without a handler a timed-out job runs again; absent: true. */
  readonly autoTimeoutRetry?: boolean
  /**
   * Which failures maxRetries is for: `exit`, `exit:3`, `exit:1-9`, `signal`, `signal:SEGV`,
   * `start`. Absent: every failure.
   */
  readonly retryOn?: readonly string[]
  readonly tags?: Readonly<Record<string, string>>
  readonly data?: JobData
  /** The job whose task submitted it; set by the daemon. */
  readonly spawnedBy?: JobId
  /** Instead of an application or a command; not for arrays. */
  readonly python?: PythonCall
  /** Working directory chosen by the user (absolute), instead of data/<workflow>/<name>_<id>. */
  readonly userWorkdir?: string
}

/** A request as it comes in: resources that it doesn't say are its app's, or the default. */
export type SubmittedRequest = Omit<JobRequest, 'resources'> & {
  readonly resources: Partial<JobResources>
}

/** What a client must say of a job; the daemon fills in the rest. */
export type JobInput = Partial<Omit<JobRequest, 'resources' | 'spawnedBy'>> & {
  readonly name: string
  readonly resources?: Partial<JobResources>
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
  /** Only when asked for by `fields`: see protocol/query. */
  readonly fields?: Readonly<Record<string, unknown>>
}

/** One try at running a job. */
export interface AttemptView {
  readonly attempt: number
  /** The version of its job's request that it was given: 1 = as submitted. */
  readonly spec_version: number
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
  /** Nodes that get no jobs of its app for a while: there they only failed. Absent: none. */
  readonly excluded_nodes?: readonly {
    readonly node: string
    readonly until: string
    readonly reason: string
  }[]
  /** File with the task's output, or null when none is kept. */
  readonly output_file: string | null
  /** The first of them, in order of id; all of them: the edges call. */
  readonly parents: readonly JobId[]
  readonly parents_total: number
  readonly children: readonly JobId[]
  readonly children_total: number
  readonly history: readonly HistoryEntry[]
  readonly attempt_list: readonly AttemptView[]
  readonly tags: Readonly<Record<string, string>>
  readonly data: JobData
  /** The request as stored, that of the whole array for an element: to clone or to edit. */
  readonly request: JobRequest
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
  /** All of these tags with these values. */
  readonly tags?: Readonly<Record<string, string>>
  /** Any other condition. */
  readonly where?: Where
}

/** Number of jobs in each state; states with none may be absent. */
export type StateCounts = Partial<Record<JobState, number>>
