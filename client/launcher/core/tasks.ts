// Every task that the launcher holds, in flat arrays: 40,000 a second pass through here.
// Must never make an object for a task.
import type { TaskTemplate } from '../../../protocol/frames.ts'
import type { Lane, Shape } from './lanes.ts'

/** What is to happen with a task that waits in a lane, once the runner has given it back. */
export const wish = { none: 0, end: 1, giveBack: 2 } as const

/** A token that has exited and whose report the daemon has not acknowledged. */
const exitedMark = -1
/** Tokens remembered after their exit was acknowledged, or after they were given back. */
const recentMax = 1_024

/** The table: column arrays, indexed by a row number that is used again after `remove`. */
export interface Tasks {
  readonly tokens: number[]
  readonly jobs: number[]
  /** Numbers of attempts; 1 is a job's first. */
  readonly attempts: number[]
  readonly templates: (TaskTemplate | null)[]
  readonly shapes: (Shape | null)[]
  /** null while the task waits in the launcher's own queue. */
  readonly lanes: (Lane | null)[]
  /** Order of arrival. */
  readonly orders: number[]
  readonly wishes: number[]
  /** Was this token ever given to this launcher, as far as it remembers? */
  isKnown(token: number): boolean
  /** Row of a token that is queued or in a lane, else −1. */
  rowOf(token: number): number
  add(
    token: number,
    job: number,
    attempt: number,
    template: TaskTemplate | null,
    shape: Shape,
  ): number
  /** The task has exited: its row is free, its token stays known until `forget`. */
  exit(row: number): void
  /** The task has been given back: it never ran, and never will under this token. */
  drop(row: number): void
  /** Was this token given back not long ago? */
  isGivenBack(token: number): boolean
  /** A token that exited before this launcher started: known until `forget`. */
  markExited(token: number): void
  /** The exits of these tokens are durable. */
  forget(tokens: readonly number[]): void
  /** Tasks that are queued or in a lane. */
  open(): number
  /** Every token that is queued, in a lane, or exited and not acknowledged. */
  held(): number[]
  heldCount(): number
}

/** An empty table. */
export function makeTasks(): Tasks {
  const rows = new Map<number, number>()
  const free: number[] = []
  const acknowledged = makeRecent()
  const givenBack = makeRecent()
  let open = 0
  let arrivals = 0

  const release = (row: number): void => {
    tasks.templates[row] = null
    tasks.shapes[row] = null
    tasks.lanes[row] = null
    tasks.tokens[row] = -1
    free.push(row)
    open--
  }

  const tasks: Tasks = {
    tokens: [],
    jobs: [],
    attempts: [],
    templates: [],
    shapes: [],
    lanes: [],
    orders: [],
    wishes: [],
    isKnown: (token) => rows.has(token) || acknowledged.has(token),
    isGivenBack: (token) => givenBack.has(token),
    rowOf: (token) => rows.get(token) ?? exitedMark,
    add(token, job, attempt, template, shape) {
      const row = free.pop() ?? tasks.tokens.length
      tasks.tokens[row] = token
      tasks.jobs[row] = job
      tasks.attempts[row] = attempt
      tasks.templates[row] = template
      tasks.shapes[row] = shape
      tasks.lanes[row] = null
      tasks.orders[row] = arrivals++
      tasks.wishes[row] = wish.none
      rows.set(token, row)
      open++
      return row
    },
    exit(row) {
      rows.set(tasks.tokens[row] ?? -1, exitedMark)
      release(row)
    },
    drop(row) {
      const token = tasks.tokens[row] ?? -1
      rows.delete(token)
      givenBack.add(token)
      release(row)
    },
    markExited(token) {
      rows.set(token, exitedMark)
    },
    forget(tokens) {
      for (const token of tokens) if (rows.delete(token)) acknowledged.add(token)
    },
    open: () => open,
    held: () => [...rows.keys()],
    heldCount: () => rows.size,
  }
  return tasks
}

/** The last recentMax tokens that were added. */
function makeRecent(): { has(token: number): boolean; add(token: number): void } {
  const tokens = new Set<number>()
  const order = new Float64Array(recentMax).fill(-1)
  let at = 0
  return {
    has: (token) => tokens.has(token),
    add(token) {
      tokens.delete(order[at] ?? -1)
      order[at] = token
      tokens.add(token)
      at = (at + 1) % recentMax
    },
  }
}
