// Every question to the store has one right answer, whatever way the jobs are kept.
// The model is a list of jobs; the store keeps them as arrays and spans, or each by itself.
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { openStore } from '../../../daemon/store/open-store.ts'
import type { Store } from '../../../daemon/store/store.ts'
import type { JobFilter } from '../../../protocol/job.ts'
import type { SqlDriver } from '../../../protocol/ports.ts'
import {
  type DriverName,
  driverNames,
  driverOrSkip,
  folderFor,
} from '../../contract/store/sites.ts'
import { simDisk } from '../../simulation/sim-driver.ts'
import { inOrder, orders } from './order-model.ts'
import {
  countsOf,
  filters,
  livingJobs,
  matches,
  put,
  rangesOfIds,
  type World,
  worlds,
} from './world.ts'

/** Time that passes at once. */
const clock = {
  wallMs: () => 0,
  monotonicMs: () => 0,
  soon: (call: () => void) => queueMicrotask(call),
  after: (_ms: number, call: () => void) => {
    queueMicrotask(call)
    return { cancel: () => undefined }
  },
}
const coin = { next: () => 0, hex: () => '' }

/** All pages of the list. */
async function listed(
  store: Store,
  filter: JobFilter,
  limit: number,
): Promise<{ ids: number[]; names: string[] }> {
  const ids: number[] = []
  const listedNames: string[] = []
  for (let after = 0; ; ) {
    const page = await store.list(filter, after, limit)
    for (const { id, spec } of page.jobs) {
      ids.push(id)
      listedNames.push(
        spec.arrayFirst === null ? spec.name : `${spec.name}-${spec.arrayFirst + id - spec.lo}`,
      )
    }
    if (page.next === null) return { ids, names: listedNames }
    after = page.next
  }
}

async function expectAnswers(
  store: Store,
  world: World,
  filter: JobFilter,
  limit: number,
): Promise<void> {
  const right = livingJobs(world).filter((one) => matches(filter, one))
  const ids = right.map((one) => one.id)
  expect(await listed(store, filter, limit)).toEqual({ ids, names: right.map((one) => one.name) })
  expect((await store.list(filter, 0, limit)).total).toBe(right.length)
  expect(await store.counts(filter)).toEqual(countsOf(right))
  expect(await store.match(filter)).toEqual(rangesOfIds(ids))
}

/** A page out of the middle of an ordered list. */
async function expectOrder(
  store: Store,
  world: World,
  [filter, limit, order, offset]: Question,
): Promise<void> {
  const right = livingJobs(world).filter((one) => matches(filter, one))
  const page = await store.query(filter, { after: 0, limit, order, offset })
  const ids = inOrder(right, order).map((one) => one.id)
  expect(page.jobs.map((one) => one.id)).toEqual(ids.slice(offset, offset + limit))
  expect(page.total).toBe(right.length)
}

type Question = readonly [filter: JobFilter, limit: number, order: string[], offset: number]

const questions = fc.array(fc.tuple(filters, fc.integer({ min: 1, max: 9 }), orders, fc.nat(12)), {
  minLength: 1,
  maxLength: 12,
})

/** Few jobs and many are answered in different ways: the border is put below, within and above. */
const borders = fc.constantFrom(0, 1, 4, 20_000)

async function expectRight(
  open: () => Promise<SqlDriver>,
  world: World,
  asked: readonly Question[],
  fewJobs: number,
): Promise<void> {
  for (const isSingly of [false, true]) {
    const store = await openStore({
      driver: await open(),
      file: null,
      fewJobs,
      siteDirectory: '/site',
    })
    try {
      await store.open('test')
      await put(store, world, isSingly)
      for (const question of asked) {
        await expectAnswers(store, world, question[0], question[1])
        await expectOrder(store, world, question)
      }
      expect((await store.check()).breaches).toEqual([])
      for (const { id } of livingJobs(world)) expect((await store.find(id))?.id).toBe(id)
    } finally {
      await store.close()
    }
  }
}

test('an array and the same jobs submitted singly give the answers of a plain list', async () => {
  let worldsSeen = 0
  await fc.assert(
    fc.asyncProperty(worlds, questions, borders, async (world, asked, fewJobs) => {
      const disks = [simDisk({ clock, coin }), simDisk({ clock, coin })]
      let next = 0
      const open = async (): Promise<SqlDriver> => {
        const disk = disks[next++]
        if (disk === undefined) throw new Error('two disks are enough')
        return disk.driver()
      }
      await expectRight(open, world, asked, fewJobs)
      for (const disk of disks) disk.close()
      worldsSeen += 1
    }),
    { numRuns: 200 },
  )
  expect(worldsSeen).toBe(200)
})

describe.each(driverNames)('%s', (name: DriverName) => {
  test('real files give the answers of a plain list, too', async (context) => {
    const picked = await driverOrSkip(name, context)
    const folder = folderFor(context)
    let next = 0
    await fc.assert(
      fc.asyncProperty(worlds, questions, borders, async (world, asked, fewJobs) => {
        const open = (): Promise<SqlDriver> =>
          picked.open({ file: join(folder, `${next++}.db`), isShared: false })
        await expectRight(open, world, asked, fewJobs)
      }),
      { numRuns: 15 },
    )
    expect(next).toBe(30)
  })
})
