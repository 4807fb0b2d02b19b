// The doors of the launcher's core: what runs tasks, what connects, what it knows of its machine.
// Types only: production, the simulation and the tests implement them.
import type { TaskTemplate } from '../../../protocol/frames.ts'
import type {
  Clock,
  FrameLink,
  FrameLinkHandlers,
  Log,
  Randomness,
} from '../../../protocol/ports.ts'

/**
 * Runs tasks. Tasks of one lane run one after another in the order given, lanes side by side.
 * Calls are collected and take effect at `flush`. No method may call a handler by itself except
 * `flush`, so that the core is never entered in the middle of a decision.
 */
export interface TaskRunner {
  /** Puts a task at the end of a lane. The template stays unchanged for as long as it is held. */
  start(lane: number, token: number, jobId: number, template: TaskTemplate, attempt: number): void
  /**
   * TERM to the task, KILL after the grace. One that has not started is reported as withdrawn; the
   * exit of one that this has ended comes with the reason.
   */
  kill(token: number, graceMs: number, reason: string | null): void
  /** Gives back tasks that have not started; those that have are left alone. */
  withdraw(tokens: readonly number[]): void
  /** The exits of these tasks are durable at the daemon: journals need not keep them. */
  forget(tokens: readonly number[]): void
  /** Sends what has been collected. */
  flush(): void
  /** No further task comes and none runs: releases processes and files. */
  close(): void
}

/**
 * What a runner tells, by plain arguments because it happens 40,000 times a second.
 * After a batch of them it calls `onBatchEnd` once. Each task ends with exactly one of
 * `onExited` and `onWithdrawn`; whatever is said of a token that already ended is ignored.
 */
export interface RunnerHandlers {
  onStarted(token: number, startedAtMs: number): void
  /**
   * code −1: ended by a signal or never started; rssKiB negative: at most this much;
   * reason: why it could not run, or what it was ended for.
   */
  readonly onExited: (
    token: number,
    code: number,
    signal: number,
    startedAtMs: number,
    wallMs: number,
    userMs: number,
    systemMs: number,
    rssKiB: number,
    orphans: number,
    reason: string | null,
  ) => void
  onWithdrawn(token: number): void
  onBatchEnd(): void
}

/** What the owner of a dialled link hears from it. */
export interface DialHandlers extends FrameLinkHandlers {
  /** The connection stands; frames may be sent. Never called after onClose. */
  onOpen(): void
}

/** Opens connections to the daemon. A failure is told by `onClose`, never thrown. */
export interface Dialer {
  dial(handlers: DialHandlers): FrameLink
}

/** What the machine tells for heartbeats. */
export interface MachineView {
  /** Load average over a minute. */
  load1(): number
  memoryFreeMiB(): number
}

/** A daemon's answer to a relayed call. */
export type AnswerHandler = (status: number, body: string) => void

/** Everything that the core needs from outside. */
export interface LauncherPorts {
  readonly clock: Clock
  readonly randomness: Randomness
  readonly log: Log
  readonly dialer: Dialer
  readonly machine: MachineView
  readonly makeRunner: (handlers: RunnerHandlers) => TaskRunner
  /** The launcher has ended: nothing runs, the link is closed. Called once. */
  readonly onEnd: (reason: string) => void
}

/** What a launcher is, told once. */
export interface LauncherSettings {
  readonly siteId: string
  readonly allocationId: number
  readonly nodeIndex: number
  readonly node: string
  readonly pid: number
  readonly cpus: number
  readonly memoryMiB: number
  /** Hooks and transfers at once, beside the cores. */
  readonly hookSlots: number
  readonly killGraceMs: number
  /** End when nothing has been held for this long while connected; null: never. */
  readonly idleExitMs: number | null
  /** From start() to the end of the allocation; null: no end. */
  readonly wallTimeLeftMs: number | null
}

/** A task of an earlier launcher of this node that still runs. */
export interface AdoptedTask {
  readonly token: number
  /** Cores it occupies; 0: a hook. */
  readonly cpus: number
  readonly startedAtMs: number
}
