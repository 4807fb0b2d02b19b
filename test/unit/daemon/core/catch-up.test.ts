// The writer of derived rows: when it writes, what a flush waits for, what it survives.
import { expect, test } from 'vitest'
import { type CatchUpParts, makeCatchUpWriter } from '../../../../daemon/core/catch-up.ts'
import { emptySite, markChanged } from '../../../../daemon/core/site.ts'
import { openFromSpan } from '../../../../daemon/core/steps.ts'
import type { CatchUp } from '../../../../daemon/store/rows.ts'
import { fault } from '../../../../protocol/faults.ts'
import { limits } from '../../../../protocol/limits.ts'
import { clockOf, newLife, TimeLine } from '../../../simulation/world/virtual-time.ts'
import { quiet, silentLog } from './site.ts'

/** A writer over a site in memory; a turn that it asks for follows at once. */
class Bench {
  readonly time = new TimeLine()
  readonly site = emptySite()
  readonly written: CatchUp[] = []
  readonly deaths: unknown[] = []
  seq = 0
  answer: (rows: CatchUp) => Promise<void> = async () => undefined
  readonly writer

  constructor(parts: Partial<CatchUpParts> = {}) {
    this.writer = makeCatchUpWriter({
      clock: clockOf(this.time, newLife()),
      log: silentLog,
      site: this.site,
      write: (rows) => {
        this.written.push(rows)
        return this.answer(rows)
      },
      requestTurn: () => this.writer.afterTurn(this.seq),
      die: (error) => this.deaths.push(error),
      ...parts,
    })
  }

  /** A turn that changes this many jobs. */
  turn(jobs: number): void {
    this.seq += 1
    const queue = this.site.queues.of({
      workflow: 'w',
      priority: 0,
      cpus: 1,
      packing: 1,
      wallMinutes: 1,
      facts: '{}',
    })
    const span = { lo: 1, hi: 1, spec: null, state: 4, log: '[]', queue, mix: null, storedLo: null }
    for (let index = 0; index < jobs; index += 1)
      markChanged(this.site, openFromSpan(this.site, span, this.seq * 100_000 + index))
    this.writer.afterTurn(this.seq)
  }

  async pass(ms: number): Promise<void> {
    await quiet()
    let isOver = false
    this.time.schedule(ms, () => {
      isOver = true
    })
    while (!isOver) {
      this.time.step()
      await quiet()
    }
  }
}

test('a change is written after 50 ms, with all that changed meanwhile', async () => {
  const bench = new Bench()
  bench.turn(1)
  await bench.pass(limits.catchUpMsMax - 1)
  bench.turn(2)
  expect(bench.written).toEqual([])
  await bench.pass(2)
  expect(bench.written).toMatchObject([{ seq: 2 }])
  expect(bench.written[0]?.jobs).toHaveLength(3)
})

test('many changes are written at once', async () => {
  const bench = new Bench()
  bench.turn(limits.catchUpChunkJobs)
  await quiet()
  expect(bench.written).toMatchObject([{ seq: 1 }])
})

test('a job that changed twice costs one row', async () => {
  const bench = new Bench()
  bench.turn(1)
  const [job] = bench.site.changed
  if (job !== undefined) markChanged(bench.site, job)
  await bench.pass(100)
  expect(bench.written[0]?.jobs).toHaveLength(1)
})

test('a job that was removed is not written', async () => {
  const bench = new Bench()
  bench.turn(2)
  bench.site.removedJobs.push(100_000)
  await bench.pass(100)
  expect(bench.written[0]?.jobs.map(({ id }) => id)).toEqual([100_001])
  expect(bench.written[0]?.removedJobs).toEqual([100_000])
})

test('nothing is written when nothing was decided', async () => {
  const bench = new Bench()
  bench.turn(1)
  await bench.pass(100)
  bench.writer.afterTurn(1)
  await bench.pass(100)
  expect(bench.written).toHaveLength(1)
})

test('a flush writes at once and resolves when it is written', async () => {
  const bench = new Bench()
  const write = Promise.withResolvers<void>()
  bench.answer = () => write.promise
  bench.turn(1)
  let isFlushed = false
  const flushed = bench.writer.flush(1).then(() => {
    isFlushed = true
  })
  await quiet()
  expect(bench.written).toHaveLength(1)
  expect(isFlushed).toBe(false)
  write.resolve()
  await flushed
  expect(isFlushed).toBe(true)
})

test('a flush of what is being written waits for that and writes nothing', async () => {
  const bench = new Bench()
  const write = Promise.withResolvers<void>()
  bench.answer = () => write.promise
  bench.turn(limits.catchUpChunkJobs)
  let isFlushed = false
  const flushed = bench.writer.flush(1).then(() => {
    isFlushed = true
  })
  await quiet()
  expect(isFlushed).toBe(false)
  write.resolve()
  await flushed
  expect(bench.written).toHaveLength(1)
})

test('writes follow each other', async () => {
  const bench = new Bench()
  const write = Promise.withResolvers<void>()
  bench.answer = () => write.promise
  bench.turn(limits.catchUpChunkJobs)
  bench.turn(limits.catchUpChunkJobs)
  await quiet()
  expect(bench.written).toMatchObject([{ seq: 1 }])
  write.resolve()
  await quiet()
  expect(bench.written).toMatchObject([{ seq: 1 }, { seq: 2 }])
})

test('a write that is refused for space is tried again a second later', async () => {
  const bench = new Bench()
  bench.answer = () => Promise.reject(fault('STORAGE_REFUSED', { what: 'full' }))
  bench.turn(limits.catchUpChunkJobs)
  await quiet()
  bench.answer = async () => undefined
  await bench.pass(1_001)
  expect(bench.written).toHaveLength(2)
  expect(bench.written[1]).toBe(bench.written[0])
  expect(bench.deaths).toEqual([])
})

test('a write that fails for any other reason ends the process', async () => {
  const bench = new Bench()
  bench.answer = () => Promise.reject(new Error('disk I/O error'))
  bench.turn(limits.catchUpChunkJobs)
  await quiet()
  expect(bench.deaths).toMatchObject([{ message: 'disk I/O error' }])
})
