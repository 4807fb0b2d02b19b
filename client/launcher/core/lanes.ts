// Which task runs where: one queue for each amount of cores, and lanes that hold those cores.
// Must never let all lanes' cores exceed the node's, nor let a large task starve behind small ones.
import type { Queue } from './queue.ts'
import { makeQueue } from './queue.ts'
import type { Tasks } from './tasks.ts'

/** Cores are counted in millionths, so that shares of a node add up without drift. */
const coreUnits = 1_000_000
/** 3 × 0.333333 or 7 × 0.142858 fill a node: the daemon's tolerance of 1e-4 cores. */
const toleranceUnits = 100

/** Tasks below this are sent ahead, so that a lane never waits for a round trip. */
const shortTaskMs = 50
/** About this much work is sent ahead: more would only delay what a slow task then blocks. */
const aheadMs = 20
const aheadTasksMin = 2
const aheadTasksMax = 24
/** Weight of the newest duration in the recent mean. */
const meanWeight = 1 / 8

/** What runs a task. */
export type TaskKind = 'process' | 'python'

/** Tasks that need the same amount of cores, of one kind. */
export interface Shape {
  readonly units: number
  readonly queue: Queue
  /** Lanes that may take another task ahead. */
  readonly roomy: Lane[]
  /** Recent mean duration in ms; negative before the first end. */
  meanMs: number
  /** Tasks that a lane holds beside the running one. */
  ahead: number
}

/** One place where tasks run one after another. */
export interface Lane {
  readonly id: number
  shape: Shape | null
  /** Rows sent to the runner and not ended, oldest first. */
  readonly rows: number[]
  /** Row that runs, −1 while none is known to. */
  running: number
  startedAtMs: number
  /** When it was seen to run, monotonic. */
  seenAtMs: number
  isReported: boolean
  isRoomy: boolean
}

/** The lanes of one node. */
export interface Lanes {
  /**
   * Shape for tasks of this many cores. Those of different kinds never share a lane: each kind has
   * queues of its own behind it.
   */
  shapeOf(cpus: number, kind?: TaskKind): Shape
  /** Can a task of this shape ever run here? */
  fits(shape: Shape): boolean
  enqueue(row: number): void
  /** A task that the runner gave back goes to the head of its queue. */
  requeue(row: number): void
  /** Starts what there is room for, by `start`. */
  fill(start: (lane: number, row: number) => void): void
  /** A task of an earlier launcher takes its cores. */
  adopt(row: number, startedAtMs: number, nowMs: number): void
  started(row: number, startedAtMs: number, nowMs: number): void
  /** The task is out of its lane. wallMs negative: it did not run. */
  ended(row: number, wallMs: number): void
  /** Takes the newest queued rows out, at most count. */
  takeNewest(count: number): number[]
  /** Takes all queued rows out. */
  takeAll(): number[]
  /** Takes a row out of its queue. */
  unqueue(row: number): void
  /** Lanes in use. */
  readonly open: ReadonlySet<Lane>
  queued(): number
  /** Cores of all lanes in use. */
  usedCpus(): number
}

/** The lanes in use, which may be shared with other lanes, and the number of the first one. */
export interface LaneNumbers {
  readonly open: Set<Lane>
  readonly first: number
}

/** Lanes for a node of so many cores. */
export function makeLanes(cpus: number, tasks: Tasks, { open, first }: LaneNumbers): Lanes {
  const totalUnits = Math.round(cpus * coreUnits)
  const shapes = new Map<string | number, Shape>()
  const spare: Lane[] = []
  let laneCount = first
  let usedUnits = 0

  const openLane = (shape: Shape): Lane => {
    const lane = spare.pop() ?? newLane(laneCount++)
    lane.shape = shape
    usedUnits += shape.units
    open.add(lane)
    return lane
  }
  const closeLane = (lane: Lane, shape: Shape): void => {
    usedUnits -= shape.units
    open.delete(lane)
    lane.shape = null
    lane.isRoomy = false
    const at = shape.roomy.indexOf(lane)
    if (at >= 0) shape.roomy.splice(at, 1)
    spare.push(lane)
  }
  const noteRoom = (lane: Lane, shape: Shape): void => {
    // A lane whose task turned out to be slow gets nothing to wait behind it.
    if (lane.isRoomy || lane.isReported || lane.rows.length > shape.ahead) return
    lane.isRoomy = true
    shape.roomy.push(lane)
  }
  const isRoom = (shape: Shape): boolean => usedUnits + shape.units <= totalUnits + toleranceUnits
  /** The shape whose first queued task came first: no other may overtake it. */
  const oldest = (): Shape | null => {
    let found: Shape | null = null
    let order = Number.POSITIVE_INFINITY
    for (const shape of shapes.values()) {
      const head = shape.queue.first()
      if (head < 0) continue
      const arrived = tasks.orders[head] ?? 0
      if (arrived < order) {
        order = arrived
        found = shape
      }
    }
    return found
  }
  const put = (lane: Lane, shape: Shape, start: (lane: number, row: number) => void): void => {
    const row = shape.queue.shift()
    tasks.lanes[row] = lane
    lane.rows.push(row)
    noteRoom(lane, shape)
    start(lane.id, row)
  }

  const lanes: Lanes = {
    open,
    shapeOf(wanted, kind = 'process') {
      const units = Math.max(1, Math.round(wanted * coreUnits))
      const key = kind === 'process' ? units : `${kind}:${units}`
      let shape = shapes.get(key)
      if (shape === undefined) {
        shape = { units, queue: makeQueue(), roomy: [], meanMs: -1, ahead: 0 }
        shapes.set(key, shape)
      }
      return shape
    },
    fits: (shape) => shape.units <= totalUnits + toleranceUnits,
    enqueue: (row) => tasks.shapes[row]?.queue.push(row),
    requeue(row) {
      tasks.lanes[row] = null
      tasks.shapes[row]?.queue.unshift(row)
    },
    fill(start) {
      for (let shape = oldest(); shape !== null; shape = oldest()) {
        if (isRoom(shape)) {
          put(openLane(shape), shape, start)
          continue
        }
        const lane = shape.roomy.shift()
        if (lane === undefined) return
        lane.isRoomy = false
        if (!lane.isReported && lane.rows.length <= shape.ahead) put(lane, shape, start)
      }
    },
    adopt(row, startedAtMs, nowMs) {
      const shape = tasks.shapes[row]
      if (shape === null || shape === undefined) return
      const lane = openLane(shape)
      tasks.lanes[row] = lane
      lane.rows.push(row)
      markRunning(lane, row, startedAtMs, nowMs)
    },
    started(row, startedAtMs, nowMs) {
      const lane = tasks.lanes[row]
      if (lane !== null && lane !== undefined) markRunning(lane, row, startedAtMs, nowMs)
    },
    ended(row, wallMs) {
      const lane = tasks.lanes[row]
      const shape = lane?.shape
      if (lane === null || lane === undefined || shape === null || shape === undefined) return
      tasks.lanes[row] = null
      if (lane.rows[0] === row) lane.rows.shift()
      else lane.rows.splice(lane.rows.indexOf(row), 1)
      if (lane.running === row) {
        lane.running = -1
        lane.isReported = false
      }
      if (wallMs >= 0) learn(shape, wallMs)
      if (lane.rows.length === 0) closeLane(lane, shape)
      else noteRoom(lane, shape)
    },
    takeNewest(count) {
      const taken: number[] = []
      while (taken.length < count) {
        let newest: Shape | null = null
        for (const shape of shapes.values()) {
          if (arrival(shape.queue.last()) > arrival(newest?.queue.last() ?? -1)) newest = shape
        }
        if (newest === null) break
        taken.push(newest.queue.pop())
      }
      return taken
    },
    takeAll: () => lanes.takeNewest(Number.POSITIVE_INFINITY),
    unqueue: (row) => tasks.shapes[row]?.queue.remove(row),
    queued() {
      let count = 0
      for (const shape of shapes.values()) count += shape.queue.size()
      return count
    },
    usedCpus: () => usedUnits / coreUnits,
  }
  return lanes

  function arrival(row: number): number {
    return row < 0 ? -1 : (tasks.orders[row] ?? -1)
  }
}

function markRunning(lane: Lane, row: number, startedAtMs: number, nowMs: number): void {
  lane.running = row
  lane.startedAtMs = startedAtMs
  lane.seenAtMs = nowMs
  lane.isReported = false
}

function newLane(id: number): Lane {
  return {
    id,
    shape: null,
    rows: [],
    running: -1,
    startedAtMs: 0,
    seenAtMs: 0,
    isReported: false,
    isRoomy: false,
  }
}

function learn(shape: Shape, wallMs: number): void {
  shape.meanMs = shape.meanMs < 0 ? wallMs : shape.meanMs + (wallMs - shape.meanMs) * meanWeight
  shape.ahead =
    shape.meanMs >= shortTaskMs
      ? 0
      : Math.min(aheadTasksMax, Math.max(aheadTasksMin, Math.floor(aheadMs / shape.meanMs)))
}
