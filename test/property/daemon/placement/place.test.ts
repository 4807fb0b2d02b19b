// Placement by its promises, on random queues and launchers.
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  type LauncherRoom,
  type Placement,
  place,
  type WorkQueue,
} from '../../../../daemon/placement/place.ts'

const queue: fc.Arbitrary<WorkQueue> = fc.record({
  workflow: fc.constantFrom('alpha', 'beta', 'alphabet'),
  cpus: fc.option(fc.integer({ min: 1, max: 12 })),
  packing: fc.integer({ min: 1, max: 7 }),
  ready: fc.integer({ min: 0, max: 300 }),
})

const room: fc.Arbitrary<LauncherRoom> = fc
  .record({
    cpus: fc.integer({ min: 1, max: 16 }),
    used: fc.double({ min: 0, max: 1, noNaN: true }),
    backlog: fc.constantFrom(0, 0, 5, 64),
    tasksMax: fc.constantFrom(1_000, 20),
    wfFilter: fc.constantFrom('', 'alpha', 'beta'),
  })
  .map(({ used, ...rest }) => ({ ...rest, usedCpus: Math.floor(used * rest.cpus) }))

const inputs = [fc.array(queue, { maxLength: 6 }), fc.array(room, { maxLength: 5 })] as const

function coresOf(work: WorkQueue, launcher: LauncherRoom): number {
  return work.cpus ?? launcher.cpus / work.packing
}

function sum(placements: readonly Placement[], pick: (one: Placement) => number): number {
  return placements.reduce((total, one) => total + pick(one), 0)
}

test('no launcher is given more than its cores and its backlog of the largest task given', () => {
  fc.assert(
    fc.property(...inputs, (queues, launchers) => {
      const placements = place(queues, launchers)
      for (const [index, launcher] of launchers.entries()) {
        const given = placements.filter((one) => one.launcher === index)
        const cores = given.map((one) => coresOf(at(queues, one.queue), launcher))
        const added = sum(given, (one) => one.count * coresOf(at(queues, one.queue), launcher))
        const ahead = launcher.backlog * Math.max(0, ...cores)
        expect(launcher.usedCpus + added).toBeLessThanOrEqual(launcher.cpus + ahead + 0.01)
      }
    }),
    { numRuns: 2_000 },
  )
})

test('without a backlog the tasks given fit the cores that are free', () => {
  fc.assert(
    fc.property(...inputs, (queues, launchers) => {
      const busy = launchers.map((launcher) => ({ ...launcher, backlog: 0 }))
      const placements = place(queues, busy)
      for (const [index, launcher] of busy.entries()) {
        const given = placements.filter((one) => one.launcher === index)
        const added = sum(given, (one) => one.count * coresOf(at(queues, one.queue), launcher))
        expect(launcher.usedCpus + added).toBeLessThanOrEqual(launcher.cpus + 0.01)
      }
    }),
    { numRuns: 2_000 },
  )
})

test('a queue gives at most its ready jobs, and only to launchers whose filter matches', () => {
  fc.assert(
    fc.property(...inputs, (queues, launchers) => {
      const placements = place(queues, launchers)
      for (const [index, work] of queues.entries()) {
        const given = placements.filter((one) => one.queue === index)
        expect(sum(given, (one) => one.count)).toBeLessThanOrEqual(work.ready)
        for (const one of given) {
          expect(one.count).toBeGreaterThan(0)
          expect(work.workflow).toContain(at(launchers, one.launcher).wfFilter)
        }
      }
    }),
    { numRuns: 2_000 },
  )
})

test('work conserving: a job stays only when no launcher of its filter has room for it', () => {
  fc.assert(
    fc.property(...inputs, (queues, launchers) => {
      const placements = place(queues, launchers)
      for (const [index, work] of queues.entries()) {
        const given = sum(
          placements.filter((one) => one.queue === index),
          (one) => one.count,
        )
        if (given === work.ready) continue
        for (const [place, launcher] of launchers.entries()) {
          if (!work.workflow.includes(launcher.wfFilter)) continue
          const here = placements.filter((one) => one.launcher === place)
          const used =
            launcher.usedCpus +
            sum(here, (one) => one.count * coresOf(at(queues, one.queue), launcher))
          const isFull = sum(here, (one) => one.count) >= launcher.tasksMax
          expect(isFull || used + coresOf(work, launcher) > launcher.cpus + 1e-4 - 1e-9).toBe(true)
        }
      }
    }),
    { numRuns: 2_000 },
  )
})

test('an earlier queue is not passed over for a later one on a launcher where both fit', () => {
  const launcher = { cpus: 4, usedCpus: 0, backlog: 0, tasksMax: 100, wfFilter: '' }
  const first = { workflow: 'w', cpus: 4, packing: 1, ready: 1 }
  const second = { workflow: 'w', cpus: 1, packing: 1, ready: 9 }
  expect(place([first, second], [launcher])).toEqual([{ launcher: 0, queue: 0, count: 1 }])
})

function at<Item>(items: readonly Item[], index: number): Item {
  const item = items[index]
  if (item === undefined) throw new Error(`nothing at ${index}`)
  return item
}
