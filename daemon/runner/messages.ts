// What the daemon and its runner say to each other: one JSON line each, answers by the request's
// id. Both ends are of one build and one user; the lines never leave their pipe.
import type { ProcessIdentity } from '../ports/process-identity.ts'

/** Runs a command to its end. */
export interface RunCommand {
  readonly op: 'run'
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  readonly timeoutMs: number
}

/** Starts a process that outlives runner and daemon, in a session of its own. */
export interface StartCommand {
  readonly op: 'start'
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  /** Its stdout and stderr are appended here. */
  readonly log: string
  /** Made (never replaced) before the start and filled after it, so that one start happens once. */
  readonly claim: string
}

/** Signals one process, if it still is that one. */
export interface SignalCommand {
  readonly op: 'signal'
  readonly identity: ProcessIdentity
  readonly signal: number
}

/** Signals every process that carries a marker. */
export interface SignalMarkedCommand {
  readonly op: 'signalMarked'
  readonly marker: string
  readonly signal: number
}

/** Looks for living processes by marker, in one walk over /proc. */
export interface LivingCommand {
  readonly op: 'living'
  readonly markers: readonly string[]
}

/** What the daemon may ask. */
export type RunnerCommand =
  | RunCommand
  | StartCommand
  | SignalCommand
  | SignalMarkedCommand
  | LivingCommand

/** How a command ended. */
export interface RunResult {
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
  /** True when it was ended for its time. */
  readonly isTimedOut: boolean
  /** True when it said more than limits.commandOutputBytesMax; the first part is kept. */
  readonly isTruncated: boolean
}

/** How a start went. claimed: an earlier one has that claim, nothing was started. */
export type StartResult =
  | ({ readonly kind: 'started' } & ProcessIdentity)
  | { readonly kind: 'claimed' }
  | { readonly kind: 'failed'; readonly what: string }

/** The answers by op. */
export interface RunnerAnswers {
  readonly run: RunResult
  readonly start: StartResult
  readonly signal: { readonly wasLiving: boolean }
  readonly signalMarked: { readonly pids: readonly number[] }
  /** hidden: processes of which it could not be seen whether they carry a marker. */
  readonly living: {
    readonly pids: Readonly<Record<string, readonly number[]>>
    readonly hidden: readonly number[]
  }
}

/** A line to the runner. */
export interface RunnerRequest {
  readonly id: number
  readonly command: RunnerCommand
}

/** A line from the runner. */
export type RunnerReply =
  | { readonly id: number; readonly answer: RunnerAnswers[keyof RunnerAnswers] }
  | { readonly id: number; readonly error: string }
