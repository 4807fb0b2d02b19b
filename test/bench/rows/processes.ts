// Real processes on two slots: `balsam submit --array` with one warm launcher, beside the C loop.
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Batch, runBatch } from '../balsam/batch.ts'
import { launch } from '../balsam/launchers.ts'
import { openSite, type Site } from '../balsam/site.ts'
import type { Bench, Group } from '../bench.ts'
import { alternate } from '../measure/alternate.ts'
import { batchNotes } from './notes.ts'

async function withoutOutput(bench: Bench, site: Site): Promise<void> {
  const { loop, sizes } = bench
  const batches: Batch[] = []
  const samples = await alternate(sizes.repeats, loop?.rate(sizes.tasks), async () => {
    const batch = await runBatch(site, sizes.tasks, 'none')
    batches.push(batch)
    return batch.perSecond
  })
  bench.hand('true', { samples, ...batchNotes(batches, sizes.tasks) })
}

async function withFiles(bench: Bench, site: Site): Promise<void> {
  const { loop, sizes } = bench
  const directory = join(site.directory, '../output')
  const batches: Batch[] = []
  const samples = await alternate(sizes.repeats, loop?.rateWithFiles(sizes.tasks), async () => {
    mkdirSync(directory)
    const batch = await runBatch(site, sizes.tasks, join(directory, '{i}.out'))
    const files = readdirSync(directory).length
    rmSync(directory, { recursive: true })
    const wrongs = files === sizes.tasks ? [] : [`${files} output files`]
    batches.push({ ...batch, wrongs: [...batch.wrongs, ...wrongs] })
    return batch.perSecond
  })
  bench.hand('files', { samples, ...batchNotes(batches, sizes.tasks) })
}

/** Rows `true` and `files`. */
export const processes: Group = {
  ids: ['true', 'files'],
  async run(bench) {
    const site = await openSite(bench, 'processes')
    const launched = await launch(bench, site, 1, '--cpus', '2', '--idle-exit', '60s')
    await runBatch(site, 200, 'none') // Warm, as the peers are.
    if (bench.wants('true')) await withoutOutput(bench, site)
    if (bench.wants('files')) await withFiles(bench, site)
    await launched.end()
    await site.close()
  },
}
