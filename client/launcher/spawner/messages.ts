// What launcher and spawner say to each other: one JSON document a line, commands in, reports out.
// Types only. Both ends are always of one build, so there is no version here.
import type { PythonCall } from '../../../protocol/job.ts'

/** One task as its spawner needs it. Words are argv words already: nothing here meets a shell. */
export interface Task {
  readonly token: number
  /** Tasks of one lane run one after another, lanes side by side. */
  readonly lane: number
  readonly argv: readonly string[]
  readonly cwd: string
  /** The directory is made, with its parents, before the task. */
  readonly makeCwd: boolean
  /** A base environment told before by `env`. */
  readonly envId: number
  /** Variables beyond the base environment. BALSAM_TASK_MARKER must be one of them. */
  readonly env: Readonly<Record<string, string>>
  /** Absolute file; null: /dev/null. */
  readonly stdout: string | null
  /** Absolute file, 'stdout': where stdout goes; null: /dev/null. */
  readonly stderr: string | null
  readonly append: boolean
  /** The attempt before this one, whose output is kept as FILE.N; absent: there was none. */
  readonly earlier?: number
  /** Cores the task may run on; null: all. */
  readonly cpus: readonly number[] | null
  /** File sourced by a shell before the command; `env` is set again after it. */
  readonly envscript: string | null
  /** A call for a warm Python worker instead of argv; only for a spawner of kind python. */
  readonly python?: PythonCall
  /** It is a hook; absent: a run. */
  readonly hook?: HookPlan
}

/** What is different with a hook: its log, how long it may run, what is told of a failure. */
export interface HookPlan {
  /** Written to stdout's file before it starts. */
  readonly header: string
  readonly timeoutMs: number
  readonly graceMs: number
  /** Last lines of its log that are told with a failure. */
  readonly tailLines: number
}

/** Ends a task: TERM, and KILL after the grace. One that has ended by itself is left as it is. */
export interface Kill {
  readonly op: 'kill'
  readonly token: number
  readonly graceMs: number
  /** Stands in the exit of a task that this has ended: one of exitReasons; null: none. */
  readonly reason: string | null
}

/** What a launcher may say. */
export type Command =
  | { readonly op: 'env'; readonly id: number; readonly env: Readonly<Record<string, string>> }
  | { readonly op: 'start'; readonly tasks: readonly Task[] }
  | Kill
  | { readonly op: 'withdraw'; readonly tokens: readonly number[] }
  /** The journal of before the last `rotated` is not needed any more. */
  | { readonly op: 'rotate' }
  | { readonly op: 'drain' }

/** How a task ended, or why it could not start. */
export interface Exit {
  readonly token: number
  /** 0 when it could not be started. */
  readonly pid: number
  readonly code: number | null
  readonly signal: number | null
  /** Why it could not be started: 'ENOENT: …'; or what it was ended for. */
  readonly error: string | null
  /** Wall clock, ms since 1970. */
  readonly startedAtMs: number
  readonly endedAtMs: number
  /** CPU time and peak memory of the leader and the children it waited for; 0 where not known. */
  readonly userMs: number
  readonly systemMs: number
  readonly maxRssKiB: number
  /** The peak was at most maxRssKiB; the real one lies below what the system can tell. */
  readonly isRssBelow: boolean
  /** Processes it left behind, which were killed. */
  readonly orphans: number
}

/** token, pid, wall clock in ms. */
export type Started = readonly [number, number, number]

/** What a spawner may say. */
export type Report =
  | { readonly op: 'ready'; readonly pid: number; readonly kind: SpawnerKind | 'python' }
  /** Running at the time of the report; shorter tasks are only in `exited`. */
  | { readonly op: 'started'; readonly tasks: readonly Started[] }
  | { readonly op: 'exited'; readonly tasks: readonly Exit[] }
  | { readonly op: 'withdrawn'; readonly tokens: readonly number[] }
  /** The journal has grown so large that a `rotate` is due. */
  | { readonly op: 'journalFull' }
  /** Exits reported before this line are in FILE.1, those after it in FILE. */
  | { readonly op: 'rotated' }

/** The ways to spawn. */
export type SpawnerKind = 'koffi' | 'shell' | 'child'

/** First line of a journal. */
export interface JournalHeader {
  readonly spawner: number
  /** Field 22 of /proc/PID/stat. */
  readonly startTime: number
  readonly bootId: string
  /** What the task markers of this spawner begin with. */
  readonly marker: string
}

/**
 * A later line of a journal: tasks taken over, a start (of one that was running when the line was
 * written), an exit, or tasks given back unstarted. A token taken over without `e` or `w` may run.
 */
export type JournalRecord =
  | { readonly q: readonly number[] }
  | { readonly s: number; readonly pid: number; readonly startTime: number; readonly at: number }
  | { readonly e: Exit }
  | { readonly w: readonly number[] }
