// Queues of ready jobs: the order of serving, what is taken, what is no longer there.
import { expect, test } from 'vitest'
import { type Queue, QueueTable } from '../../../../daemon/core/queues.ts'
import { emptySite, type Site } from '../../../../daemon/core/site.ts'
import { type Span, SpanTable } from '../../../../daemon/core/spans.ts'
import { openFromSpan } from '../../../../daemon/core/steps.ts'
import type { SpanShape } from '../../../../daemon/store/rows.ts'

const preprocessed = 4

function shape(parts: Partial<SpanShape> = {}): SpanShape {
  return {
    workflow: 'w',
    priority: 0,
    cpus: 1,
    packing: 1,
    wallMinutes: 1,
    facts: '{}',
    ...parts,
  }
}

/** Adds a span of ready jobs. */
function ready(site: Site, lo: number, hi: number, parts: Partial<SpanShape> = {}): Span {
  const queue = site.queues.of(shape(parts))
  const span: Span = {
    lo,
    hi,
    spec: null,
    state: preprocessed,
    log: '[]',
    queue,
    mix: null,
    storedLo: null,
  }
  site.spans.add(span)
  site.queues.addSpan(span, null)
  return span
}

function ids(site: Site, queue: Queue, count: number): number[] {
  const { jobs, ranges } = site.queues.take(queue, count, site.spans)
  return [
    ...jobs.map(({ id }) => id),
    ...ranges.flatMap((range) => Array.from({ length: range.count }, (_, at) => range.first + at)),
  ]
}

test('alike jobs share a queue, and a queue is made once', () => {
  const queues = new QueueTable()
  expect(queues.of(shape())).toBe(queues.of(shape()))
  expect(queues.of(shape({ facts: '{"maxRetries":1}' }))).not.toBe(queues.of(shape()))
})

test('queues are served by priority, then size, then length, then age', () => {
  const site = emptySite()
  const parts: Partial<SpanShape>[] = [
    { workflow: 'young' },
    { wallMinutes: 60 },
    { cpus: 8 },
    { cpus: null, packing: 1 },
    { priority: 5 },
    { priority: -1, cpus: 64 },
    { workflow: 'younger' },
  ]
  for (const [index, part] of parts.entries()) ready(site, index + 1, index + 1, part)
  const order = site.queues.serving().map((queue) => queue.spans[0]?.lo)
  expect(order).toEqual([5, 4, 3, 2, 1, 7, 6])
})

test('a share of a node is larger the fewer such jobs fit', () => {
  const site = emptySite()
  ready(site, 1, 1, { cpus: null, packing: 8 })
  ready(site, 2, 2, { cpus: null, packing: 2 })
  expect(site.queues.serving().map(({ shape }) => shape.packing)).toEqual([2, 8])
})

test('jobs are taken in the order in which they came', () => {
  const site = emptySite()
  const { queue } = ready(site, 1, 3)
  ready(site, 10, 12)
  expect(ids(site, queue, 4)).toEqual([1, 2, 3, 10])
  expect(ids(site, queue, 9)).toEqual([11, 12])
})

test('jobs that came back are taken before those that never ran', () => {
  const site = emptySite()
  const { queue } = ready(site, 1, 3)
  const [first = 0] = ids(site, queue, 1)
  site.queues.addJob(openFromSpan(site, ready(site, first, first), first))
  expect(ids(site, queue, 2)).toEqual([1, 2])
})

test('no more is taken than is ready', () => {
  const site = emptySite()
  const { queue } = ready(site, 1, 3)
  expect(ids(site, queue, 100)).toHaveLength(3)
  expect(queue.ready).toBe(0)
})

test('a job that is no longer ready is not taken', () => {
  const site = emptySite()
  const span = ready(site, 1, 1)
  const { queue } = span
  ids(site, queue, 1)
  const jobs = [7, 8].map((id) => openFromSpan(site, { ...span, lo: id, hi: id }, id))
  for (const job of jobs) site.queues.addJob(job)
  for (const job of jobs.slice(0, 1)) site.queues.removeJob(job)
  expect(queue.ready).toBe(1)
  expect(ids(site, queue, 2)).toEqual([8])
})

test('a job that is removed twice is counted once', () => {
  const site = emptySite()
  const span = ready(site, 1, 5)
  const job = openFromSpan(site, span, 9)
  site.queues.addJob(job)
  site.queues.removeJob(job)
  site.queues.removeJob(job)
  expect(span.queue.ready).toBe(5)
})

test('a queue without ready jobs is not served, and is served again with new ones', () => {
  const site = emptySite()
  const { queue } = ready(site, 1, 3)
  ids(site, queue, 3)
  expect(site.queues.serving()).toEqual([])
  ready(site, 4, 4)
  expect(site.queues.serving().map((one) => one.ready)).toEqual([1])
})

test('a job that comes back to a queue that was put away is served', () => {
  const site = emptySite()
  const span = ready(site, 1, 1)
  ids(site, span.queue, 1)
  const job = openFromSpan(site, span, 1)
  site.queues.serving()
  ready(site, 2, 2)
  site.queues.addJob(job)
  const taken = site.queues.serving().flatMap((queue) => ids(site, queue, 9))
  expect(taken.toSorted((one, other) => one - other)).toEqual([1, 2])
})

test('what lies behind a cut keeps its place in the queue', () => {
  const site = emptySite()
  const span = ready(site, 1, 9)
  ready(site, 20, 21)
  const rest = site.spans.cut(span, 3, 5)
  if (rest !== null) site.queues.addSpan(rest, span)
  span.queue.ready -= 3
  expect(ids(site, span.queue, 99)).toEqual([1, 2, 6, 7, 8, 9, 20, 21])
})

test('a queue does not grow with the jobs that passed through it', () => {
  const site = emptySite()
  const span = ready(site, 1, 1)
  const spans = new SpanTable()
  for (let id = 2; id < 10_000; id += 1) {
    site.queues.addJob(openFromSpan(site, span, id))
    site.queues.take(span.queue, 1, spans)
  }
  expect(span.queue.jobs.length).toBeLessThan(3_000)
  expect(span.queue.ready).toBe(1)
})
