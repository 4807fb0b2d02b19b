// A compute node: the ground truth of what runs. Its tasks outlive launchers, not the node.
// Two attempts of one job alive at once are noted here,
// by what happens and not by what anybody says.

import type {
  AdoptedTask,
  RunnerHandlers,
  TaskRunner,
} from '../../../client/launcher/core/ports.ts'
import type { TaskTemplate } from '../../../protocol/frames.ts'
import type { Randomness } from '../../../protocol/ports.ts'
import type { Kind } from './truth.ts'
import type { Life, TimeLine } from './virtual-time.ts'

/** An exit as a spawner's journal keeps it. */
export interface JournaledExit {
  readonly token: number
  readonly code: number
  readonly signal: number
  readonly startedAtMs: number
  readonly wallMs: number
  readonly reason: string | null
}

interface Running {
  readonly token: number
  readonly jobId: number
  readonly cpus: number
  readonly startedAtMs: number
  readonly startedVirtualMs: number
  lane: number | null
  isKilled: boolean
  /** What its end is for, when that was said. */
  killReason: string | null
}

interface Waiting {
  readonly token: number
  readonly jobId: number
  readonly template: TaskTemplate
}

/** What all nodes report to: the judge of the ground truth. */
export interface Truth {
  started(jobId: number, token: number, node: string, kind: Kind): void
  ended(jobId: number, token: number, exitCode: number): void
  usedCpus(node: string, cpus: number, capacity: number): void
  usedSlots(node: string, slots: number, capacity: number): void
  /** How a task of this job ends and how long it takes. */
  fate(jobId: number, kind: Kind): { readonly code: number; readonly ms: number }
}

function kindOf({ step }: TaskTemplate): Kind {
  if (step === undefined) return 'run'
  if (step.kind !== 'hook') return step.kind
  if (step.log === 'preprocess.log') return 'preprocess'
  return step.header.includes('RUN_') ? 'handler' : 'postprocess'
}

/** One node with its spawners, over any number of launchers. */
export class SimNode {
  readonly name: string
  readonly cpus: number
  readonly hookSlots: number
  private readonly time: TimeLine
  private readonly truth: Truth
  private readonly random: Randomness
  private readonly running = new Map<number, Running>()
  /** Exits that no launcher has been told to forget. */
  private readonly journal = new Map<number, JournaledExit>()
  private handlers: RunnerHandlers | null = null
  private lanes = new Map<number, Waiting[]>()
  isUp = true

  constructor(
    name: string,
    room: { readonly cpus: number; readonly hookSlots: number },
    time: TimeLine,
    truth: Truth,
    random: Randomness,
  ) {
    this.name = name
    this.cpus = room.cpus
    this.hookSlots = room.hookSlots
    this.time = time
    this.truth = truth
    this.random = random
  }

  /** What a launcher that starts here finds. */
  adoptable(): { running: AdoptedTask[]; exited: JournaledExit[] } {
    return {
      running: [...this.running.values()].map(({ token, cpus, startedAtMs }) => ({
        token,
        cpus,
        startedAtMs,
      })),
      exited: [...this.journal.values()],
    }
  }

  /** The journals, as the daemon reads them once the allocation is over. */
  journaled(): JournaledExit[] {
    return [...this.journal.values()]
  }

  /** The runner of a launcher; an earlier launcher's queued tasks are gone with it. */
  runner(life: Life, wallMs: () => number, handlers: RunnerHandlers): TaskRunner {
    this.handlers = handlers
    this.lanes = new Map()
    const soon = (call: () => void): void =>
      this.time.schedule(this.random.next() * 2, () => {
        if (!life.isOver && this.isUp && this.handlers === handlers) call()
      })
    return {
      start: (lane, token, jobId, template) => {
        const waiting = this.lanes.get(lane) ?? []
        waiting.push({ token, jobId, template })
        this.lanes.set(lane, waiting)
        soon(() => this.next(lane, wallMs))
      },
      kill: (token, _graceMs, reason) => soon(() => this.kill(token, reason)),
      withdraw: (tokens) => soon(() => this.withdraw(new Set(tokens))),
      forget: (tokens) => {
        for (const token of tokens) this.journal.delete(token)
      },
      flush: () => undefined,
      close: () => undefined,
    }
  }

  /** The launcher died: its queued tasks never start; running ones go on. */
  launcherDied(): void {
    this.handlers = null
    this.lanes = new Map()
    for (const task of this.running.values()) task.lane = null
  }

  /** Everything on the node dies at once; what was written stays. */
  die(): void {
    this.isUp = false
    for (const task of this.running.values()) this.truth.ended(task.jobId, task.token, -1)
    this.running.clear()
    this.handlers = null
    this.lanes = new Map()
  }

  /** Nothing runs here. */
  isIdle(): boolean {
    return this.running.size === 0
  }

  private next(lane: number, wallMs: () => number): void {
    for (const task of this.running.values()) if (task.lane === lane) return
    const waiting = this.lanes.get(lane)?.shift()
    if (waiting === undefined) return
    const { token, jobId, template } = waiting
    const task: Running = {
      token,
      jobId,
      cpus: template.cpus,
      startedAtMs: wallMs(),
      startedVirtualMs: this.time.nowMs,
      lane,
      isKilled: false,
      killReason: null,
    }
    this.running.set(token, task)
    const kind = kindOf(template)
    this.truth.started(jobId, token, this.name, kind)
    const steps = [...this.running.values()].filter((one) => one.cpus === 0)
    this.truth.usedSlots(this.name, steps.length, this.hookSlots)
    this.truth.usedCpus(
      this.name,
      [...this.running.values()].reduce((sum, one) => sum + one.cpus, 0),
      this.cpus,
    )
    this.handlers?.onStarted(token, task.startedAtMs)
    this.handlers?.onBatchEnd()
    const { code, ms } = this.truth.fate(jobId, kind)
    this.time.schedule(ms, () => this.exit(task, code, 0, wallMs))
  }

  private exit(task: Running, code: number, signal: number, wallMs: () => number): void {
    if (this.running.get(task.token) !== task) return
    this.running.delete(task.token)
    this.truth.ended(task.jobId, task.token, signal === 0 ? code : -1)
    const exit: JournaledExit = {
      token: task.token,
      code: signal === 0 ? code : -1,
      signal,
      startedAtMs: task.startedAtMs,
      wallMs: Math.round(this.time.nowMs - task.startedVirtualMs),
      reason: task.killReason,
    }
    this.journal.set(task.token, exit)
    this.tell(exit)
    if (task.lane !== null) this.next(task.lane, wallMs)
  }

  private tell(exit: JournaledExit): void {
    this.handlers?.onExited(
      exit.token,
      exit.code,
      exit.signal,
      exit.startedAtMs,
      exit.wallMs,
      1,
      1,
      1_000,
      0,
      exit.reason,
    )
    this.handlers?.onBatchEnd()
  }

  private kill(token: number, reason: string | null): void {
    const task = this.running.get(token)
    if (task === undefined) return this.withdraw(new Set([token]))
    if (task.isKilled) return
    task.isKilled = true
    task.killReason = reason
    this.time.schedule(this.random.next() * 50, () =>
      this.exit(task, -1, 15, () => task.startedAtMs),
    )
  }

  private withdraw(tokens: ReadonlySet<number>): void {
    for (const [lane, waiting] of this.lanes) {
      const kept = waiting.filter(({ token }) => !tokens.has(token))
      for (const { token } of waiting) if (tokens.has(token)) this.handlers?.onWithdrawn(token)
      this.lanes.set(lane, kept)
    }
    this.handlers?.onBatchEnd()
  }
}
