// Tasks that launchers answer at once: all of Balsam except the processes, durably.
import { type Batch, runBatch } from '../balsam/batch.ts'
import { launch } from '../balsam/launchers.ts'
import { openSite } from '../balsam/site.ts'
import type { Bench, Group } from '../bench.ts'
import { alternate } from '../measure/alternate.ts'
import { batchNotes } from './notes.ts'

interface Shape {
  readonly id: string
  readonly count: number
  readonly cpus: number
  readonly tasks: number
}

async function measure(bench: Bench, { id, count, cpus, tasks }: Shape): Promise<void> {
  const site = await openSite(bench, id)
  const slots = ['--count', String(count), '--cpus', String(cpus)]
  const launched = await launch(bench, site, count, ...slots, '--no-exec', '--idle-exit', '60s')
  await runBatch(site, tasks / 10, 'none')
  const batches: Batch[] = []
  const yardstick = bench.loop?.rate(bench.sizes.tasks)
  const samples = await alternate(bench.sizes.repeats, yardstick, async () => {
    const batch = await runBatch(site, tasks, 'none')
    batches.push(batch)
    return batch.perSecond
  })
  bench.hand(id, { samples, ...batchNotes(batches, tasks) })
  const cpu = batches.map(({ cpuMicros }) => ({ value: cpuMicros, beside: null }))
  bench.hand(`${id}-cpu`, { samples: cpu })
  await launched.end()
  await site.close()
}

/** Row `no-exec-64`. */
export const noExecOne: Group = {
  ids: ['no-exec-64'],
  run: (bench) =>
    measure(bench, { id: 'no-exec-64', count: 1, cpus: 64, tasks: bench.sizes.noExecTasks }),
}

/** Rows `no-exec-48x8` and its CPU. */
export const noExecMany: Group = {
  ids: ['no-exec-48x8', 'no-exec-48x8-cpu'],
  run: (bench) =>
    measure(bench, { id: 'no-exec-48x8', count: 48, cpus: 8, tasks: bench.sizes.noExecTasksMany }),
}
