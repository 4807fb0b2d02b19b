// How long one job takes: as a link of a chain of parents and children, and alone by the CLI.
// Must use real processes, a warm daemon and an idle launcher.
import type { StateCounts } from '../../../client/sdk/index.ts'
import { launch } from '../balsam/launchers.ts'
import { chain } from '../balsam/requests.ts'
import { openSite, type Site } from '../balsam/site.ts'
import type { Bench, Group } from '../bench.ts'
import { alternate } from '../measure/alternate.ts'
import { nodeStartMs } from '../reference/bare-node.ts'

/** Submits a chain of jobs as one submission and waits for its end; ms a hop. */
async function chainMs(site: Site, hops: number): Promise<number> {
  const { client } = site.daemon()
  const startedAt = performance.now()
  const { ranges } = await client.submit(chain(hops, 'chain', ['true']))
  let states: StateCounts = {}
  for await (const progress of client.wait({ ranges })) states = progress.states
  if (states.JOB_FINISHED !== hops) throw new Error(`a chain ended as ${JSON.stringify(states)}`)
  return (performance.now() - startedAt) / hops
}

async function hops(bench: Bench, site: Site): Promise<void> {
  await chainMs(site, 20)
  const { hopRepeats, hops: count } = bench.sizes
  const samples = await alternate(hopRepeats, bench.loop?.spawnMs(count), () =>
    chainMs(site, count),
  )
  const how = 'each job is the parent of the next; submitted at once, waited for to the last end'
  bench.hand('hop', { samples, notes: [`chain of ${count}: ${how}`] })
}

async function singles(bench: Bench, site: Site): Promise<void> {
  const samples = await alternate(bench.sizes.singles, nodeStartMs, async () => {
    const { ms } = await site.balsam('submit', '--stdout', 'none', '--wait', '--', 'true')
    return ms
  })
  const how = '`balsam submit --stdout none --wait -- true`, start to exit of the command'
  bench.hand('single', { samples, notes: [`median of ${samples.length}: ${how}`] })
}

/** Rows `hop` and `single`. */
export const latency: Group = {
  ids: ['hop', 'single'],
  async run(bench) {
    const site = await openSite(bench, 'latency')
    const launched = await launch(bench, site, 1, '--cpus', '2', '--idle-exit', '60s')
    if (bench.wants('hop')) await hops(bench, site)
    if (bench.wants('single')) await singles(bench, site)
    await launched.end()
    await site.close()
  },
}
