// What all kinds of spawner share: commands in, lanes, starts, kills, ends, journal and reports out.
// Must never wait: it is driven by a loop that tells it what happened and asks when to call again.
import { limits } from '../../../protocol/limits.ts'
import type { Clock, Log } from '../../../protocol/ports.ts'
import { isTask, whyImpossible } from './check-task.ts'
import { whyNoEnvscript } from './envscript.ts'
import type { Journal } from './journal.ts'
import type { Lane } from './lanes.ts'
import { makeLanes } from './lanes.ts'
import type { Command, Exit, Task } from './messages.ts'
import type { Marked } from './processes.ts'
import type { Reports } from './reports.ts'
import { exitJson } from './reports.ts'
import type { Running } from './running.ts'
import { makeTerminations } from './terminations.ts'

/** How a kind of spawner starts and signals. */
export interface Backend {
  /** A base environment that tasks will name. */
  environment(id: number, env: Readonly<Record<string, string>>): void
  /** Starts it now and fills in pid and startTime; returns why it could not ('ENOENT: …'), or null. */
  start(running: Running): string | null
  /** Signals the whole group of a task that has not been reaped. */
  signal(running: Running, signal: number): void
  /** Kills what is left of the group of a leader that has been reaped. */
  killGroup(pid: number): void
  /** Signals all processes with one of these task markers, outside these groups; returns them. */
  signalMarked(
    markers: ReadonlySet<string>,
    signal: number,
    exceptGroups: ReadonlySet<number>,
  ): readonly Marked[]
}

/** What is known of an end when the leader has been reaped. */
export interface Ending {
  readonly code: number | null
  readonly signal: number | null
  readonly userMs: number
  readonly systemMs: number
  readonly maxRssKiB: number
  readonly isRssBelow: boolean
  /** Something of its group was still there. */
  readonly hasLeftovers: boolean
  /** Why it did not start after all, where that is only heard later. */
  readonly error?: string
}

/** The loop's view of it. */
export interface Spawner {
  accept(command: Command): void
  /** The leader of this task has ended and has been reaped. */
  ended(running: Running, ending: Ending): void
  /** The launcher is gone: what runs goes on, what is queued does not start. */
  orphan(): void
  /** To be called after every batch of the above, and when dueInMs() has passed. */
  settle(): void
  /** Ms until settle() has something to do. */
  dueInMs(): number
  isIdle(): boolean
  /** Nothing runs and nothing more will come; after settle() all of it has been told. */
  isDone(): boolean
}

/** What a spawner is made of. */
export interface SpawnerParts {
  readonly backend: Backend
  readonly journal: Journal
  readonly reports: Reports
  readonly clock: Clock
  readonly log: Log
}

/** A lane whose task met a full process table. */
interface Retry {
  readonly lane: Lane
  readonly running: Running
  readonly untilMs: number
  atMs: number
}

/** A spawner that has not heard a command yet. */
export function makeSpawner(parts: SpawnerParts): Spawner {
  const { backend, journal, reports, clock } = parts
  const lanes = makeLanes()
  const running = new Map<number, Running>()
  const terminations = makeTerminations(backend, clock)
  let retries: Retry[] = []
  const environmentIds = new Set<number>()
  let isOrphaned = false
  let isDraining = false

  const finish = (exit: Exit): void => {
    const json = exitJson(exit)
    journal.exited(exit.token, json)
    reports.exited(exit.token, json)
  }
  const refuse = (lane: Lane, task: Task, error: string): void => {
    const atMs = clock.wallMs()
    finish({ ...nothingUsed, token: task.token, error, startedAtMs: atMs, endedAtMs: atMs })
    reports.hurry()
    lane.isBusy = false
  }
  const whyNot = (task: Task): string | null => {
    if (!environmentIds.has(task.envId)) return `EINVAL: environment ${task.envId} is unknown`
    return whyImpossible(task) ?? whyNoEnvscript(task)
  }
  /** Starts it, or says why not. True when the lane is taken. */
  const start = (lane: Lane, one: Running, untilMs: number): boolean => {
    const { task } = one
    const error = whyNot(task) ?? backend.start(one)
    if (error === null) {
      one.startedAtMs = clock.wallMs()
      running.set(task.token, one)
      journal.started(task.token, one.pid, one.startTime, one.startedAtMs)
      reports.started(task.token, one.pid, one.startedAtMs)
      return true
    }
    const nowMs = clock.monotonicMs()
    if (isTransient(error) && nowMs < untilMs) {
      retries.push({ lane, running: one, untilMs, atMs: nowMs + limits.spawnRetryMs })
      return true
    }
    refuse(lane, task, error)
    return false
  }
  const fill = (lane: Lane): void => {
    while (!lane.isBusy) {
      const task = lanes.next(lane)
      if (task === undefined) break
      lane.isBusy = true
      const untilMs = clock.monotonicMs() + limits.spawnRetryMsMax
      start(lane, newRunning(task), untilMs)
    }
  }
  const retryDue = (): void => {
    if (retries.length === 0) return
    const nowMs = clock.monotonicMs()
    const due = retries.filter((retry) => retry.atMs <= nowMs)
    if (due.length === 0) return
    retries = retries.filter((retry) => retry.atMs > nowMs)
    for (const { lane, running, untilMs } of due) if (!start(lane, running, untilMs)) fill(lane)
  }
  const giveBack = (tokens: ReadonlySet<number> | 'all'): void => {
    const out = tokens === 'all' ? lanes.withdrawAll() : lanes.withdraw(tokens)
    const isMeant = ({ running: { task } }: Retry): boolean =>
      tokens === 'all' || tokens.has(task.token)
    const stopped = retries.filter(isMeant)
    retries = retries.filter((retry) => !isMeant(retry))
    for (const { lane, running: one } of stopped) {
      out.push(one.task.token)
      lane.isBusy = false
    }
    journal.withdrawn(out)
    reports.withdrawn(out)
    for (const { lane } of stopped) fill(lane)
  }
  const unended = (): number[] => [
    ...running.keys(),
    ...terminations.sweeping(),
    ...retries.map((retry) => retry.running.task.token),
    ...lanes.queuedTokens(),
  ]
  const isDone = (): boolean =>
    (isOrphaned || isDraining) && running.size + retries.length + lanes.queued() === 0
  const startAll = (tasks: readonly Task[]): void => {
    if (!tasks.every(isTask)) throw new TypeError('a task is malformed')
    journal.taken(tasks.map(({ token }) => token))
    for (const task of tasks) {
      const lane = lanes.push(task)
      if (!lane.isBusy) fill(lane)
    }
  }

  return {
    accept(command) {
      switch (command.op) {
        case 'env':
          backend.environment(command.id, command.env)
          environmentIds.add(command.id)
          return
        case 'start':
          return startAll(command.tasks)
        case 'kill': {
          const one = running.get(command.token)
          if (one === undefined) giveBack(new Set([command.token]))
          else terminations.begin(one, command.graceMs)
          return
        }
        case 'withdraw':
          return giveBack(new Set(command.tokens))
        case 'rotate':
          journal.rotate([...running.values()], unended())
          return reports.say({ op: 'rotated' })
        case 'drain':
          isDraining = true
      }
    },
    ended(one, ending) {
      running.delete(one.task.token)
      const lane = lanes.of(one.task.lane)
      const endedAtMs = clock.wallMs()
      if (ending.hasLeftovers || one.isKilled) terminations.sweep(one, ending, endedAtMs)
      else finish(exitOf(one, ending, endedAtMs, 0))
      lane.isBusy = false
      fill(lane)
      if (lanes.queuedIn(lane) <= hungryBelow) reports.hurry()
    },
    orphan() {
      isOrphaned = true
      giveBack('all')
    },
    settle() {
      retryDue()
      for (const [one, ending, endedAtMs, orphans] of terminations.act()) {
        finish(exitOf(one, ending, endedAtMs, orphans))
        reports.hurry()
      }
      if (journal.takeFull() && !isOrphaned) reports.say({ op: 'journalFull' })
      if (isDone()) reports.hurry()
      reports.flush(clock.monotonicMs(), journal.flush)
    },
    dueInMs() {
      const nowMs = clock.monotonicMs()
      let dueMs = Math.min(reports.dueInMs(nowMs), terminations.dueAtMs() - nowMs)
      for (const retry of retries) dueMs = Math.min(dueMs, retry.atMs - nowMs)
      return Math.max(0, dueMs)
    },
    isIdle: () => running.size === 0,
    isDone,
  }
}

/** A lane with no more than this queued wants its next task soon. */
const hungryBelow = 2

const nothingUsed = {
  pid: 0,
  code: null,
  signal: null,
  userMs: 0,
  systemMs: 0,
  maxRssKiB: 0,
  isRssBelow: false,
  orphans: 0,
} as const

function newRunning(task: Task): Running {
  return { task, pid: 0, startTime: 0, startedAtMs: 0, isKilled: false }
}

/** Too many processes or too little memory, just now. */
function isTransient(error: string): boolean {
  return error.startsWith('EAGAIN') || error.startsWith('ENOMEM')
}

function exitOf(one: Running, ending: Ending, endedAtMs: number, orphans: number): Exit {
  return {
    token: one.task.token,
    pid: one.pid,
    code: ending.code,
    signal: ending.signal,
    error: ending.error ?? null,
    startedAtMs: one.startedAtMs,
    endedAtMs,
    userMs: ending.userMs,
    systemMs: ending.systemMs,
    maxRssKiB: ending.maxRssKiB,
    isRssBelow: ending.isRssBelow,
    orphans,
  }
}
