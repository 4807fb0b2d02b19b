// A page of `ls` and counts at a million jobs: every shape of site × every filter, per driver.
// Run: node test/bench/store/lists.ts [jobs] [driver]. Must never reuse another run's database.
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type DriverPreference, pickDriver } from '../../../daemon/store/drivers/pick.ts'
import { openStore } from '../../../daemon/store/open-store.ts'
import type { Store } from '../../../daemon/store/store.ts'
import type { JobFilter } from '../../../protocol/job.ts'
import type { Where } from '../../../protocol/query.ts'
import { putShape, type Shape } from './shapes.ts'

const shapes: readonly Shape[] = [
  'array untouched',
  'array half finished',
  'all different',
  'different, half finished',
]

function filtersFor(
  count: number,
): readonly (readonly [name: string, filter: JobFilter, after: number])[] {
  const deep = Math.floor(count * 0.9)
  const isOf = (id: number): JobFilter => ({ ids: [id, id + 1, count] })
  return [
    ['none', {}, 0],
    ['none, deep', {}, deep],
    ['workflow', { workflow: 'w0' }, 0],
    ['workflow second', { workflow: 'second' }, 0],
    ['workflow second, deep', { workflow: 'second' }, deep],
    ['workflow rare', { workflow: 'rare' }, 0],
    ['state finished', { states: ['JOB_FINISHED'] }, 0],
    ['state finished, deep', { states: ['JOB_FINISHED'] }, deep],
    ['state waiting, deep', { states: ['PREPROCESSED'] }, deep],
    ['state failed', { states: ['FAILED'] }, 0],
    ['state absent', { states: ['RUN_ERROR'] }, 0],
    ['workflow second, failed', { workflow: 'second', states: ['FAILED'] }, 0],
    ['workflow second, finished', { workflow: 'second', states: ['JOB_FINISHED'] }, 0],
    ['name of one', { name: 'job77777' }, 0],
    ['name of an element', { name: 'sim-777777' }, 0],
    ['name of half', { name: 'common' }, 0],
    ['app of all', { application: 'SayHello' }, 0],
    ['app of all, deep', { application: 'SayHello' }, deep],
    ['app rare', { application: 'Rare' }, 0],
    ['app of all, failed', { application: 'SayHello', states: ['FAILED'] }, 0],
    ['app of all, finished', { application: 'SayHello', states: ['JOB_FINISHED'] }, 0],
    ['name contains common', { where: text('name', 'contains', 'common') }, 0],
    ['name contains 77777', { where: text('name', 'contains', '77777') }, 0],
    ['name contains nothing', { where: text('name', 'icontains', 'zzz') }, 0],
    ['tag of one in 1,000', { tags: { exp: 'rare' } }, 0],
    ['priority > 0: none', { where: { field: 'priority', op: 'gt', value: 0 } }, 0],
    ['data.r < 10', { where: { field: 'data.r', op: 'lt', value: 10 } }, 0],
    ['data.r < 10, failed', failed({ field: 'data.r', op: 'lt', value: 10 }), 0],
    ['data.r < 10, of second', { ...ofSecond, where: { field: 'data.r', op: 'lt', value: 10 } }, 0],
    ['ids', isOf(deep), 0],
    ['10,000 ids', { ids: Array.from({ length: 10_000 }, (_, k) => k * 97 + 1) }, 0],
    ['all ids as a range', { ranges: [[1, count]] }, 0],
  ]
}

const ofSecond: JobFilter = { workflow: 'second' }
const failed = (where: Where): JobFilter => ({ states: ['FAILED'], where })

function text(field: string, op: 'contains' | 'icontains', value: string): Where {
  return { field, op, value }
}

/** Wall time, and CPU time of all threads: on a busy machine the second is the fairer one. */
async function timed<T>(work: () => Promise<T>): Promise<{ value: T; ms: number; cpuMs: number }> {
  const startedAt = performance.now()
  const cpu = process.cpuUsage()
  const value = await work()
  const used = process.cpuUsage(cpu)
  return { value, ms: performance.now() - startedAt, cpuMs: (used.user + used.system) / 1_000 }
}

async function measure(store: Store, shape: Shape, count: number): Promise<void> {
  for (const [name, filter, after] of filtersFor(count)) {
    const cold = await timed(() => store.list(filter, after, 50))
    const warm = await timed(() => store.list(filter, after, 50))
    const counts = await timed(() => store.counts(filter))
    const { total, jobs } = warm.value
    const isSlow = Math.max(cold.cpuMs, warm.cpuMs, counts.cpuMs) > 200 ? '  SLOW' : ''
    const figures = [cold.ms, warm.ms, counts.ms, warm.cpuMs]
      .map((ms) => ms.toFixed(1).padStart(8))
      .join('')
    console.log(
      `${shape.padEnd(26)} ${name.padEnd(26)} ${figures}  ${total} (${jobs.length})${isSlow}`,
    )
    if (total !== counts.value.total) throw new Error(`list and counts differ: ${name}`)
  }
  const matched = await timed(() => store.match({}))
  console.log(
    `${shape.padEnd(26)} ${'match everything'.padEnd(26)} ${matched.ms.toFixed(1).padStart(8)}`,
  )
}

async function run(preference: DriverPreference, count: number): Promise<void> {
  const picked = await pickDriver({ preference })
  console.log(
    `${picked.name}, ${count} jobs; ms: first, again, counts, CPU of the second; total (page)`,
  )
  for (const shape of shapes) {
    const folder = mkdtempSync(join(tmpdir(), 'balsam-bench-'))
    const file = join(folder, 'balsam.db')
    try {
      const store = await openStore({ driver: await picked.open({ file, isShared: false }), file })
      await store.open('bench')
      const filled = await timed(() => putShape(store, shape, count))
      await store.close()
      const megabytes = (statSync(file).size / 1e6).toFixed(0)
      const again = await openStore({ driver: await picked.open({ file, isShared: false }), file })
      const boot = await timed(() => again.open('bench'))
      console.log(
        `${shape}: filled in ${filled.ms.toFixed(0)} ms (CPU ${filled.cpuMs.toFixed(0)}), ` +
          `${megabytes} MB, boot ${boot.ms.toFixed(0)} ms`,
      )
      await measure(again, shape, count)
      await again.close()
    } finally {
      rmSync(folder, { recursive: true })
    }
  }
}

const [count = '1000000', preference = 'auto'] = process.argv.slice(2)
// An unknown name ends in pickDriver as 'auto' would.
await run(preference as DriverPreference, Number(count))
