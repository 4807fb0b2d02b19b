// The queues of a spawner: tasks of one lane in the order sent, at most one of them out at a time.
// Must never let a lane run two tasks, nor forget a task.
import type { Task } from './messages.ts'

/** One lane. */
export interface Lane {
  readonly id: number
  /** A task of it runs, or waits to be tried again. */
  isBusy: boolean
  tasks: Task[]
  /** Index of the first queued task; those before it are gone. */
  head: number
}

/** All lanes of a spawner. */
export interface Lanes {
  /** Queues the task and returns its lane. */
  push(task: Task): Lane
  /** Takes the lane's next task; undefined when there is none. */
  next(lane: Lane): Task | undefined
  queuedIn(lane: Lane): number
  of(id: number): Lane
  /** Takes these tasks out, and says which of them were queued. */
  withdraw(tokens: ReadonlySet<number>): number[]
  /** Takes all queued tasks out. */
  withdrawAll(): number[]
  queued(): number
  queuedTokens(): number[]
}

/** Consumed entries are cut off when they are so many, so that the cost stays constant a task. */
const consumedMax = 256

/** No lanes yet; they appear as tasks name them. */
export function makeLanes(): Lanes {
  const lanes = new Map<number, Lane>()
  let queued = 0

  const of = (id: number): Lane => {
    let lane = lanes.get(id)
    if (lane === undefined) {
      lane = { id, isBusy: false, tasks: [], head: 0 }
      lanes.set(id, lane)
    }
    return lane
  }
  const withdrawIf = (isMeant: (task: Task) => boolean): number[] => {
    const out: number[] = []
    for (const lane of lanes.values()) {
      const kept: Task[] = []
      for (let at = lane.head; at < lane.tasks.length; at++) {
        const task = lane.tasks[at]
        if (task === undefined) continue
        if (isMeant(task)) out.push(task.token)
        else kept.push(task)
      }
      lane.tasks = kept
      lane.head = 0
    }
    queued -= out.length
    return out
  }

  return {
    of,
    push(task) {
      const lane = of(task.lane)
      lane.tasks.push(task)
      queued++
      return lane
    },
    next(lane) {
      const task = lane.tasks[lane.head]
      if (task === undefined) return undefined
      lane.head++
      queued--
      if (lane.head === lane.tasks.length || lane.head === consumedMax) {
        lane.tasks.splice(0, lane.head)
        lane.head = 0
      }
      return task
    },
    queuedIn: (lane) => lane.tasks.length - lane.head,
    withdraw: (tokens) => withdrawIf((task) => tokens.has(task.token)),
    withdrawAll: () => withdrawIf(() => true),
    queued: () => queued,
    queuedTokens: () =>
      [...lanes.values()].flatMap(({ tasks, head }) => tasks.slice(head).map(({ token }) => token)),
  }
}
