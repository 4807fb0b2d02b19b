// The tasks of a spawner: queued in lanes, running, or waiting for room in the process table.
// Must never start a second task of a lane, nor lose one between these three.
import { limits } from '../../../protocol/limits.ts'
import type { Clock } from '../../../protocol/ports.ts'
import type { Lane } from './lanes.ts'
import { makeLanes } from './lanes.ts'
import type { Task } from './messages.ts'
import type { Running } from './running.ts'

/** A lane with no more than this queued wants its next task soon. */
const hungryBelow = 2

/** What becomes of tasks. */
export interface WorkHandlers {
  /** Starts it; returns why not, or null. */
  start(running: Running): string | null
  onRefused(task: Task, error: string): void
}

/** The tasks. */
export interface Work {
  add(tasks: readonly Task[]): void
  running(token: number): Running | undefined
  allRunning(): readonly Running[]
  /** It has ended: the lane's next task starts. True when the lane will soon want more. */
  ended(one: Running): boolean
  /** Takes out what has not started; returns the tokens. */
  withdraw(tokens: ReadonlySet<number> | 'all'): number[]
  /** Tries again what is due. */
  retry(): void
  /** Monotonic ms of the next retry; Infinity for none. */
  dueAtMs(): number
  /** All that have not ended. */
  tokens(): number[]
  isEmpty(): boolean
  isIdle(): boolean
}

/** A task that met a full process table. */
interface Retry {
  readonly lane: Lane
  readonly one: Running
  readonly untilMs: number
  readonly atMs: number
}

/** No tasks yet. */
export function makeWork(handlers: WorkHandlers, clock: Clock): Work {
  const lanes = makeLanes()
  const running = new Map<number, Running>()
  let retries: Retry[] = []

  /** True when the lane is taken. */
  const start = (lane: Lane, one: Running, untilMs: number): boolean => {
    const error = handlers.start(one)
    if (error === null) {
      running.set(one.task.token, one)
      return true
    }
    if (isTransient(error)) {
      const nowMs = clock.monotonicMs()
      const until = untilMs > 0 ? untilMs : nowMs + limits.spawnRetryMsMax
      if (nowMs < until) {
        retries.push({ lane, one, untilMs: until, atMs: nowMs + limits.spawnRetryMs })
        return true
      }
    }
    handlers.onRefused(one.task, error)
    return false
  }
  const fill = (lane: Lane): void => {
    lane.isBusy = false
    while (!lane.isBusy) {
      const task = lanes.next(lane)
      if (task === undefined) return
      lane.isBusy = start(lane, newRunning(task), 0)
    }
  }

  return {
    add(tasks) {
      for (const task of tasks) {
        const lane = lanes.push(task)
        if (!lane.isBusy) fill(lane)
      }
    },
    running: (token) => running.get(token),
    allRunning: () => [...running.values()],
    ended(one) {
      running.delete(one.task.token)
      const lane = lanes.of(one.task.lane)
      fill(lane)
      return lanes.queuedIn(lane) <= hungryBelow
    },
    withdraw(tokens) {
      const isMeant = ({ one: { task } }: Retry): boolean =>
        tokens === 'all' || tokens.has(task.token)
      const out = tokens === 'all' ? lanes.withdrawAll() : lanes.withdraw(tokens)
      const stopped = retries.filter(isMeant)
      retries = retries.filter((retry) => !isMeant(retry))
      for (const { one } of stopped) out.push(one.task.token)
      for (const { lane } of stopped) fill(lane)
      return out
    },
    retry() {
      if (retries.length === 0) return
      const nowMs = clock.monotonicMs()
      const due = retries.filter(({ atMs }) => atMs <= nowMs)
      retries = retries.filter(({ atMs }) => atMs > nowMs)
      for (const { lane, one, untilMs } of due) if (!start(lane, one, untilMs)) fill(lane)
    },
    dueAtMs: () => retries.reduce((due, { atMs }) => Math.min(due, atMs), Number.POSITIVE_INFINITY),
    tokens: () => [
      ...running.keys(),
      ...retries.map(({ one }) => one.task.token),
      ...lanes.queuedTokens(),
    ],
    isEmpty: () => running.size + retries.length + lanes.queued() === 0,
    isIdle: () => running.size === 0,
  }
}

function newRunning(task: Task): Running {
  const ends = { isKilled: false, killReason: null, isOverdue: false }
  return { task, pid: 0, startTime: 0, startedAtMs: 0, ...ends }
}

/** Too many processes or too little memory, just now. */
function isTransient(error: string): boolean {
  return error.startsWith('EAGAIN') || error.startsWith('ENOMEM')
}
