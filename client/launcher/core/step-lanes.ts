// The lanes of a node: those of runs, which share its cores, and those of hooks and transfers,
// which share its hook slots. Must never let the one wait for the other.
import type { Lane, Lanes } from './lanes.ts'
import { makeLanes } from './lanes.ts'
import type { Tasks } from './tasks.ts'

/** Numbers of lanes begin here for steps: the runner tells lanes apart by their numbers only. */
const firstStepLane = 1_000_000

/** Lanes for a node of so many cores and hook slots. A task of 0 cores is a step. */
export function makeNodeLanes(cpus: number, hookSlots: number, tasks: Tasks): Lanes {
  const open = new Set<Lane>()
  const runs = makeLanes(cpus, tasks, { open, first: 0 })
  const steps = makeLanes(hookSlots, tasks, { open, first: firstStepLane })
  const stepShape = steps.shapeOf(1)
  const of = (row: number): Lanes => (tasks.shapes[row] === stepShape ? steps : runs)
  return {
    open,
    shapeOf: (wanted) => (wanted === 0 ? stepShape : runs.shapeOf(wanted)),
    fits: (shape) => (shape === stepShape ? steps : runs).fits(shape),
    enqueue: (row) => of(row).enqueue(row),
    requeue: (row) => of(row).requeue(row),
    fill(start) {
      runs.fill(start)
      steps.fill(start)
    },
    adopt: (row, startedAtMs, nowMs) => of(row).adopt(row, startedAtMs, nowMs),
    started: (row, startedAtMs, nowMs) => of(row).started(row, startedAtMs, nowMs),
    ended: (row, wallMs) => of(row).ended(row, wallMs),
    takeNewest: (count) => runs.takeNewest(count),
    takeAll: () => [...runs.takeAll(), ...steps.takeAll()],
    unqueue: (row) => of(row).unqueue(row),
    queued: () => runs.queued() + steps.queued(),
    usedCpus: () => runs.usedCpus(),
  }
}
