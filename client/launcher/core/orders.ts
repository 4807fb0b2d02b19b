// What the daemon orders: tasks to run, to end, to give back. And the end of all of them.
// Must never take a token twice, nor one that was given back.
import { exitReasons } from '../../../protocol/exit-reasons.ts'
import type {
  AssignFrame,
  KillFrame,
  LauncherFrame,
  TaskTemplate,
} from '../../../protocol/frames.ts'
import { assignStride, frameKind } from '../../../protocol/frames.ts'
import { limits } from '../../../protocol/limits.ts'
import type { Lanes, Shape } from './lanes.ts'
import type { TaskRunner } from './ports.ts'
import type { Reports } from './reports.ts'
import type { Tasks } from './tasks.ts'
import { wish } from './tasks.ts'

/** What a task that was ended before it began is said to have died of. */
export const signalTerm = 15

/** What orders need of the connection and the launcher's life. */
export interface OrderLink {
  isServing(): boolean
  send(frame: LauncherFrame): boolean
  reset(reason: string): void
}

/** The daemon's orders, carried out. The caller then lets the lanes fill. */
export interface Orders {
  assign(frame: AssignFrame): void
  kill(frame: KillFrame): void
  /** Gives back up to so many tasks that have not started. */
  recall(count: number): void
  /** Gives back those of these tasks that have not started. */
  takeBack(tokens: readonly number[]): void
  /** Gives back what has not started, and ends the rest (TERM, grace, KILL). */
  endAll(reason: string, graceMs: number): void
  giveBack(row: number): void
  /** An exit of a task that never started. */
  endUnstarted(row: number, signal: number, reason: string | null): void
  /** Says which tasks have been given back; while cut off it keeps them, as hello may hold them. */
  tellReturned(): void
}

/** Orders over these tables. */
export function makeOrders(
  cpus: number,
  tasks: Tasks,
  lanes: Lanes,
  runner: TaskRunner,
  reports: Reports,
  link: OrderLink,
): Orders {
  const templates = new Map<number, { readonly template: TaskTemplate; readonly shape: Shape }>()
  let returned: number[] = []

  const giveBack = (row: number): void => {
    returned.push(tasks.tokens[row] ?? -1)
    tasks.drop(row)
  }
  const endUnstarted = (row: number, signal: number, reason: string | null): void => {
    reports.add(tasks.tokens[row] ?? -1, -1, signal, 0, 0, 0, 0, 0, 0, reason)
    tasks.exit(row)
  }
  const assign = (frame: AssignFrame): void => {
    for (const template of frame[2]) {
      const kind = template.python === undefined ? 'process' : 'python'
      templates.set(template.templateId, { template, shape: lanes.shapeOf(template.cpus, kind) })
    }
    const flat = frame[3]
    for (let at = 0; at < flat.length; at += assignStride) {
      const token = flat[at + 2] ?? -1
      if (tasks.isKnown(token)) continue
      // What was given back may run elsewhere by now, whatever became of our telling so.
      const isRefused = tasks.isGivenBack(token) || !link.isServing()
      if (isRefused || tasks.heldCount() >= limits.heldTasksMax) {
        returned.push(token)
        continue
      }
      const known = templates.get(flat[at + 3] ?? -1)
      // A new link makes the daemon send its templates again.
      if (known === undefined) {
        link.reset('a task of an unknown template')
        return
      }
      const [job = -1, attempt = 1] = [flat[at], flat[at + 1]]
      const row = tasks.add(token, job, attempt, known.template, known.shape)
      if (lanes.fits(known.shape)) lanes.enqueue(row)
      else endUnstarted(row, 0, `${known.template.cpus} cores on a node of ${cpus}`)
    }
    for (const templateId of frame[4]) templates.delete(templateId)
  }

  const kill = (frame: KillFrame): void => {
    for (const token of frame[2]) {
      const row = tasks.rowOf(token)
      if (row < 0) continue
      if (tasks.lanes[row] === null) {
        lanes.unqueue(row)
        endUnstarted(row, signalTerm, null)
      } else {
        tasks.wishes[row] = wish.end
        runner.kill(token, frame[3], null)
      }
    }
  }

  /** First what waits here, then what waits in lanes: the newest, which would start last. */
  const recall = (count: number): void => {
    const rows = lanes.takeNewest(count)
    for (const row of rows) giveBack(row)
    let missing = count - rows.length
    const tokens: number[] = []
    for (const lane of lanes.open) {
      for (let at = lane.rows.length - 1; at > 0 && missing > 0; at--) {
        const row = lane.rows[at] ?? -1
        if (row === lane.running || tasks.wishes[row] !== wish.none) continue
        tasks.wishes[row] = wish.giveBack
        tokens.push(tasks.tokens[row] ?? -1)
        missing--
      }
    }
    if (tokens.length > 0) runner.withdraw(tokens)
    // The daemon waits for an answer even when there is nothing to give.
    if (rows.length === 0 && tokens.length === 0) link.send([frameKind.returned, []])
  }

  const takeBack = (asked: readonly number[]): void => {
    const inLanes: number[] = []
    for (const token of asked) {
      const row = tasks.rowOf(token)
      if (row < 0 || tasks.wishes[row] !== wish.none) continue
      const lane = tasks.lanes[row] ?? null
      if (lane === null) {
        lanes.unqueue(row)
        giveBack(row)
      } else if (lane.running !== row) {
        tasks.wishes[row] = wish.giveBack
        inLanes.push(token)
      }
    }
    if (inLanes.length > 0) runner.withdraw(inLanes)
  }

  const endAll = (reason: string, graceMs: number): void => {
    for (const row of lanes.takeAll()) giveBack(row)
    const why = reason === exitReasons.wallTime ? exitReasons.wallTime : exitReasons.stopped
    for (const lane of lanes.open) {
      for (const row of lane.rows) {
        tasks.wishes[row] = wish.giveBack
        runner.kill(tasks.tokens[row] ?? -1, graceMs, why)
      }
    }
  }

  return {
    assign,
    kill,
    recall,
    takeBack,
    endAll,
    giveBack,
    endUnstarted,
    tellReturned() {
      if (returned.length === 0) return
      if (link.send([frameKind.returned, returned])) returned = []
    },
  }
}
