// The frames between daemon and launcher: positional arrays in msgpack, one array a frame.
// The first element is the kind. Lists of numbers are flat, because a frame may carry 1,000 tasks.
// Checks of incoming frames are in frame-checks.ts; nothing undecoded or unchecked passes on.
import type { PythonCall } from './job.ts'

/** Frame kinds. Numbers are the wire format and are never used again for something else. */
export const frameKind = {
  hello: 1,
  welcome: 2,
  refused: 3,
  assign: 4,
  started: 5,
  exited: 6,
  ack: 7,
  kill: 8,
  recall: 9,
  returned: 10,
  heartbeat: 11,
  drain: 12,
  bye: 13,
  call: 14,
  answer: 15,
  takeBack: 16,
} as const

/** Oldest and newest frame language that this build speaks; a peer needs one version in common. */
export const frameVersions = { oldest: 1, newest: 1 } as const

/**
 * What a launcher says first. `held` = every token it queues,
 * runs or has an unacknowledged exit of.
 */
export interface HelloFacts {
  readonly versionOldest: number
  readonly versionNewest: number
  readonly siteId: string
  readonly allocationId: number
  /** Index of the node within its allocation: with allocationId it identifies the launcher. */
  readonly nodeIndex: number
  readonly node: string
  /** New for every start of the launcher program; equal over reconnects. */
  readonly incarnation: string
  readonly pid: number
  readonly cpus: number
  readonly memoryMiB: number
  /** Highest epoch seen: an older daemon is refused by the launcher. */
  readonly epochSeen: number
  readonly held: readonly number[]
  /** Hooks and transfers that it runs at once, beside its cores. */
  readonly hookSlots: number
}
/** Launcher → daemon: [hello, facts]. */
export type HelloFrame = readonly [typeof frameKind.hello, HelloFacts]
/** Daemon → launcher: [welcome, version, epoch, launcherId, heartbeatMs]. */
export type WelcomeFrame = readonly [typeof frameKind.welcome, number, number, number, number]
/** Daemon → launcher: [refused, fault code, message]; the link is closed after it. */
export type RefusedFrame = readonly [typeof frameKind.refused, string, string]

/**
 * What a launcher must know to run the tasks of one spec. Words may hold `{i}`, `{id}`, `{name}`.
 */
export interface TaskTemplate {
  readonly templateId: number
  /** Name of the job; of an array element: name + '-' + index. */
  readonly name: string
  readonly argv: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly envscript: string
  /** Cores, maybe a fraction (a share of the node); 0 for a step. */
  readonly cpus: number
  /** null for a single job; else job id − arrayOffset = array index. */
  readonly arrayOffset: number | null
  /** Working directory `{workdirRoot}/{name}_{id}`, made before the task; null: run in cwd. */
  readonly workdirRoot: string | null
  readonly cwd: string
  /** 'workdir': `<workdir>/<name>.out`; null: nothing kept; else an absolute file. */
  readonly output: 'workdir' | { readonly file: string } | null
  /** A call for a warm Python worker; absent: argv is a command. */
  readonly python?: PythonCall
  /** `cwd` is made, with its parents, before the task. */
  readonly isCwdMade?: boolean
  /** A step of the job beside its run: it takes a hook slot instead of cores. */
  readonly step?: StepPlan
}

/** What a step does. Everything happens in the job's working directory. */
export type StepPlan =
  /** Runs argv: its first word is looked for in the working directory, then on the PATH. */
  | {
      readonly kind: 'hook'
      /** File of its output, which is added to, beginning with the header. */
      readonly log: string
      readonly header: string
      /** Lines of the log's end that are reported with a failure. */
      readonly tailLines: number
      readonly timeoutMs: number
    }
  /** Copies from the URL ('': none), links what the globs match in the parents' directories. */
  | {
      readonly kind: 'stageIn'
      readonly url: string
      readonly globs: readonly string[]
      readonly parents: readonly (readonly [id: number, directory: string])[]
      /** More than are named here: too many to take files over from. */
      readonly parentsTotal: number
      readonly timeoutMs: number
    }
  /** Copies what the globs match to the URL. */
  | {
      readonly kind: 'stageOut'
      readonly url: string
      readonly globs: readonly string[]
      readonly timeoutMs: number
    }

/** Numbers per task in an assign frame: job, attempt, token, template. */
export const assignStride = 4
/** Daemon → launcher: [assign, epoch, new templates, flat tasks, templates no longer needed]. */
export type AssignFrame = readonly [
  typeof frameKind.assign,
  number,
  readonly TaskTemplate[],
  readonly number[],
  readonly number[],
]
/** Launcher → daemon: [started, flat (token, startedAtMs)]. */
export type StartedFrame = readonly [typeof frameKind.started, readonly number[]]

/**
 * Numbers per exit: token, code (−1 = none), signal (0 = none), startedAtMs (0 = never started),
 * wallMs, userMs, systemMs, rssKiB (negative = below), orphans.
 */
export const exitStride = 9
/**
 * Launcher → daemon: [exited, report number, flat exits,
 * pairs (token, reason)]. Sent again until acknowledged.
 * Reasons: 'walltime' or 'stopped' = the launcher ended the task because its time was over or it
 * was told to stop (the job's state becomes RUN_TIMEOUT, not RUN_ERROR); 'lost' = its spawner died
 * and the task was killed; anything else = why it could not be started ('ENOENT: …').
 */
export type ExitedFrame = readonly [
  typeof frameKind.exited,
  number,
  readonly number[],
  readonly (readonly [number, string])[],
]
/** Daemon → launcher: [ack, epoch, report number]: the exits of this report are durable. */
export type AckFrame = readonly [typeof frameKind.ack, number, number]
/**
 * Daemon → launcher: [kill, epoch, tokens, graceMs]. A queued task is returned as an exit with
 * signal 15 and startedAtMs 0.
 */
export type KillFrame = readonly [typeof frameKind.kill, number, readonly number[], number]
/** Daemon → launcher: [recall, epoch, count]: give back up to count tasks that have not started. */
export type RecallFrame = readonly [typeof frameKind.recall, number, number]
/**
 * Daemon → launcher: [takeBack, epoch, tokens]: give these back if they have not started. What runs
 * goes on and is not answered.
 */
export type TakeBackFrame = readonly [typeof frameKind.takeBack, number, readonly number[]]
/**
 * Launcher → daemon: [returned, tokens]: these have not started and never will under this token.
 */
export type ReturnedFrame = readonly [typeof frameKind.returned, readonly number[]]
/** Launcher → daemon: [heartbeat, running, queued, load1, memoryFreeMiB]. */
export type HeartbeatFrame = readonly [typeof frameKind.heartbeat, number, number, number, number]
/**
 * Daemon → launcher: [drain, epoch, 'finish' | 'stop', graceMs]. finish: end when the held work is
 * done; stop: end the tasks (TERM, grace, KILL) and then itself.
 */
export type DrainFrame = readonly [typeof frameKind.drain, number, 'finish' | 'stop', number]
/** Launcher → daemon: [bye, reason]: nothing runs any more; all that was held has been reported. */
export type ByeFrame = readonly [typeof frameKind.bye, string]
/** A task's call, relayed: [call, id, method, path, JSON body, task token]. */
export type CallFrame = readonly [typeof frameKind.call, number, string, string, string, number]
/** Its answer: [answer, id, HTTP status, JSON body]. */
export type AnswerFrame = readonly [typeof frameKind.answer, number, number, string]

/** What a launcher may send. */
export type LauncherFrame =
  | HelloFrame
  | StartedFrame
  | ExitedFrame
  | ReturnedFrame
  | HeartbeatFrame
  | ByeFrame
  | CallFrame
/** What the daemon may send. */
export type DaemonFrame =
  | WelcomeFrame
  | RefusedFrame
  | AssignFrame
  | AckFrame
  | KillFrame
  | RecallFrame
  | TakeBackFrame
  | DrainFrame
  | AnswerFrame
