// The span table against the plainest model there is: a map from job to span number.
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { mixOf, queueOf } from '../../../../daemon/core/mix.ts'
import { QueueTable } from '../../../../daemon/core/queues.ts'
import { spanSeeds } from '../../../../daemon/core/span-seeds.ts'
import { type Span, SpanTable } from '../../../../daemon/core/spans.ts'
import type { SpanRow } from '../../../../daemon/store/rows.ts'
import { stateNumber } from '../../../../protocol/states.ts'
import { request } from '../../../unit/daemon/core/site.ts'

const preprocessed = stateNumber('PREPROCESSED') ?? 0

type Step =
  | { readonly kind: 'add'; readonly priorities: readonly number[] }
  | { readonly kind: 'take'; readonly count: number }
  | { readonly kind: 'cut'; readonly at: number; readonly size: number }
  | { readonly kind: 'store' }

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('add' as const),
    priorities: fc.oneof(
      fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 50 }),
      fc.integer({ min: 1, max: 700 }).map((size) => new Array<number>(size).fill(0)),
      fc
        .integer({ min: 1, max: 1_400 })
        .map((size) => Array.from({ length: size }, (_, n) => n % 2)),
    ),
  }),
  fc.record({ kind: fc.constant('take' as const), count: fc.integer({ min: 1, max: 30 }) }),
  fc.record({
    kind: fc.constant('cut' as const),
    at: fc.integer({ min: 1, max: 1_500 }),
    size: fc.integer({ min: 1, max: 20 }),
  }),
  fc.record({ kind: fc.constant('store' as const) }),
)

interface World {
  readonly spans: SpanTable
  readonly queues: QueueTable
  /** Priorities of the jobs in spans. */
  readonly inSpan: Map<number, number>
  readonly stored: Map<number, SpanRow>
  next: number
}

function add(world: World, priorities: readonly number[]): void {
  const seeds = spanSeeds()
  for (const priority of priorities) {
    seeds.add({ lo: world.next, hi: world.next, request: request({ priority }) }, false)
    world.inSpan.set(world.next, priority)
    world.next += 1
  }
  for (const { lo, hi, spec, shape: first, mix } of seeds.all()) {
    const queue = world.queues.of(first)
    const span: Span = {
      lo,
      hi,
      spec,
      state: preprocessed,
      log: '[]',
      queue,
      mix: mixOf(world.queues, lo, mix),
      storedLo: null,
    }
    world.spans.add(span)
    world.queues.addSpan(span, null)
  }
}

function cut(world: World, at: number, size: number): void {
  for (const part of world.spans.overlapping(at, at + size - 1)) {
    const rest = world.spans.cut(part.span, part.first, part.last)
    world.queues.leave(part.span, part.first, part.last, rest)
    for (let id = part.first; id <= part.last; id += 1) expect(world.inSpan.delete(id)).toBe(true)
  }
}

function take(world: World, count: number): void {
  for (const queue of world.queues.serving()) {
    const before = queue.ready
    const { ranges } = world.queues.take(queue, Math.min(count, before), world.spans)
    for (const { first, count: some } of ranges) {
      for (let id = first; id < first + some; id += 1) {
        expect(world.inSpan.get(id)).toBe(queue.shape.priority)
        world.inSpan.delete(id)
      }
    }
    expect(ranges.reduce((sum, range) => sum + range.count, 0)).toBe(Math.min(count, before))
  }
}

function store(world: World): void {
  const { removed, rows } = world.spans.takeChanges()
  for (const lo of removed) expect(world.stored.delete(lo)).toBe(true)
  for (const row of rows) world.stored.set(row.lo, row)
}

/** The jobs of a stored row and their priorities, as a restart would see them. */
function prioritiesOf(row: SpanRow): [number, number][] {
  const queues = new QueueTable()
  const { lo, hi, spec, state, log, mix, ...first } = row
  const parts = { lo, hi, spec, state, log, storedLo: lo }
  const span = { ...parts, queue: queues.of(first), mix: mixOf(queues, lo, mix) }
  return range(lo, hi).map((id) => [id, queueOf(span, id).shape.priority])
}

test('spans hold the jobs that were added and not taken or cut, in memory and in the store', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const world: World = {
        spans: new SpanTable(),
        queues: new QueueTable(),
        inSpan: new Map(),
        stored: new Map(),
        next: 1,
      }
      for (const one of steps) {
        if (one.kind === 'add') add(world, one.priorities)
        else if (one.kind === 'take') take(world, one.count)
        else if (one.kind === 'cut') cut(world, one.at, one.size)
        else store(world)
      }
      store(world)
      const held = [...world.spans.all()].flatMap(({ lo, hi }) => range(lo, hi))
      expect(held).toEqual([...world.inSpan.keys()].toSorted((a, b) => a - b))
      const stored = [...world.stored.values()].flatMap(prioritiesOf).toSorted(byId)
      expect(stored).toEqual([...world.inSpan].toSorted(byId))
      const ready = world.queues.serving().reduce((sum, queue) => sum + queue.ready, 0)
      expect(ready).toBe(held.length)
      for (let id = 1; id < world.next; id += 1) {
        expect(world.spans.find(id) !== null).toBe(world.inSpan.has(id))
      }
    }),
    { numRuns: 300 },
  )
})

function byId([one = 0]: number[], [other = 0]: number[]): number {
  return one - other
}

function range(lo: number, hi: number): number[] {
  return Array.from({ length: hi - lo + 1 }, (_, index) => lo + index)
}
