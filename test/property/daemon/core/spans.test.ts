// The span table against the plainest model there is: a map from job to span number.
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { QueueTable } from '../../../../daemon/core/queues.ts'
import { type Span, SpanTable } from '../../../../daemon/core/spans.ts'
import { stateNumber } from '../../../../protocol/states.ts'

const preprocessed = stateNumber('PREPROCESSED') ?? 0

type Step =
  | { readonly kind: 'add'; readonly size: number }
  | { readonly kind: 'take'; readonly count: number }
  | { readonly kind: 'cut'; readonly at: number; readonly size: number }
  | { readonly kind: 'store' }

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('add' as const), size: fc.integer({ min: 1, max: 50 }) }),
  fc.record({ kind: fc.constant('take' as const), count: fc.integer({ min: 1, max: 30 }) }),
  fc.record({
    kind: fc.constant('cut' as const),
    at: fc.integer({ min: 1, max: 400 }),
    size: fc.integer({ min: 1, max: 20 }),
  }),
  fc.record({ kind: fc.constant('store' as const) }),
)

interface World {
  readonly spans: SpanTable
  readonly queues: QueueTable
  readonly inSpan: Set<number>
  readonly stored: Map<number, number>
  next: number
}

function add(world: World, size: number): void {
  const queue = world.queues.of({
    workflow: 'w',
    priority: 0,
    cpus: 1,
    packing: 1,
    wallMinutes: 1,
    facts: '{}',
  })
  const lo = world.next
  const span: Span = {
    lo,
    hi: lo + size - 1,
    spec: null,
    state: preprocessed,
    log: '[]',
    queue,
    storedLo: null,
  }
  world.spans.add(span)
  world.queues.addSpan(span, null)
  for (let id = lo; id < lo + size; id += 1) world.inSpan.add(id)
  world.next += size
}

function cut(world: World, at: number, size: number): void {
  for (const part of world.spans.overlapping(at, at + size - 1)) {
    const rest = world.spans.cut(part.span, part.first, part.last)
    part.span.queue.ready -= part.last - part.first + 1
    if (rest !== null) world.queues.addSpan(rest, part.span)
    for (let id = part.first; id <= part.last; id += 1) expect(world.inSpan.delete(id)).toBe(true)
  }
}

function take(world: World, count: number): void {
  for (const queue of world.queues.serving()) {
    const before = queue.ready
    const { ranges } = world.queues.take(queue, Math.min(count, before), world.spans)
    for (const { first, count: some } of ranges) {
      for (let id = first; id < first + some; id += 1) expect(world.inSpan.delete(id)).toBe(true)
    }
  }
}

function store(world: World): void {
  const { removed, rows } = world.spans.takeChanges()
  for (const lo of removed) expect(world.stored.delete(lo)).toBe(true)
  for (const row of rows) world.stored.set(row.lo, row.hi)
}

test('spans hold the jobs that were added and not taken or cut, in memory and in the store', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const world: World = {
        spans: new SpanTable(),
        queues: new QueueTable(),
        inSpan: new Set(),
        stored: new Map(),
        next: 1,
      }
      for (const one of steps) {
        if (one.kind === 'add') add(world, one.size)
        else if (one.kind === 'take') take(world, one.count)
        else if (one.kind === 'cut') cut(world, one.at, one.size)
        else store(world)
      }
      store(world)
      const held = [...world.spans.all()].flatMap(({ lo, hi }) => range(lo, hi))
      expect(held).toEqual([...world.inSpan].toSorted((a, b) => a - b))
      const stored = [...world.stored]
        .flatMap(([lo, hi]) => range(lo, hi))
        .toSorted((a, b) => a - b)
      expect(stored).toEqual(held)
      const ready = world.queues.serving().reduce((sum, queue) => sum + queue.ready, 0)
      expect(ready).toBe(held.length)
      for (let id = 1; id < world.next; id += 1) {
        expect(world.spans.find(id) !== null).toBe(world.inSpan.has(id))
      }
    }),
    { numRuns: 500 },
  )
})

function range(lo: number, hi: number): number[] {
  return Array.from({ length: hi - lo + 1 }, (_, index) => lo + index)
}
