// A long queue: the daemon's memory, a page of ls and a restart with 10⁵ and 10⁶ queued jobs,
// as arrays and as jobs that are all different.
import { setTimeout as sleep } from 'node:timers/promises'
import { different } from '../balsam/requests.ts'
import { openSite, type Site } from '../balsam/site.ts'
import type { Bench, Group } from '../bench.ts'
import { alternate } from '../measure/alternate.ts'
import { memoryMB } from '../measure/proc.ts'
import { queueSizes } from '../plan.ts'
import { bareMemoryMB, nodeStartMs } from '../reference/bare-node.ts'
import { readable } from '../report/numbers.ts'
import type { Sample } from '../row.ts'
import { measurePages } from './pages.ts'

type Kind = 'array' | 'different'
type Size = keyof typeof queueSizes

/** Requests of one submission: a whole million at once would measure the client's memory. */
const differentAtOnce = 100_000

/** Submits jobs in workflow 'queue' until there are `total`; element n is named queue-n. */
async function fill(site: Site, kind: Kind, from: number, total: number): Promise<void> {
  if (kind === 'array') {
    const array = `${from + 1}-${total}`
    const what = ['--array', array, '--name', 'queue', '--workflow', 'queue', '--stdout', 'none']
    await site.balsam('submit', ...what, '--', 'true')
    return
  }
  for (let first = from + 1; first <= total; first += differentAtOnce) {
    const count = Math.min(differentAtOnce, total - first + 1)
    await site.daemon().client.submit(different(first, count, 'queue'))
  }
}

async function memory(bench: Bench, site: Site, id: string): Promise<void> {
  const beside = await bareMemoryMB()
  await sleep(3_000) // The garbage of the submission goes when nothing happens for a moment.
  const samples: Sample[] = []
  for (let reading = 0; reading < 5; reading++) {
    samples.push({ value: memoryMB(site.daemon().pid).now, beside })
    await sleep(200)
  }
  const { peak } = memoryMB(site.daemon().pid)
  bench.hand(id, { samples, notes: [`peak so far ${readable(peak)} MB`] })
}

async function restart(bench: Bench, site: Site, kind: Kind, jobs: number): Promise<void> {
  const wrongs: string[] = []
  const samples = await alternate(bench.sizes.restarts, nodeStartMs, async () => {
    await site.kill()
    const startedAt = performance.now()
    const { client } = await site.start()
    const ms = performance.now() - startedAt
    const { total } = await client.tally()
    if (total !== jobs) wrongs.push(`${total} jobs after the restart instead of ${jobs}`)
    return ms
  })
  const how = 'kill -9, then from `balsamd start` to the first answer'
  bench.hand(`restart-${kind}`, { samples, notes: [how], wrongs })
}

/** Fills up to a size and measures what is wanted there. */
async function at(bench: Bench, site: Site, kind: Kind, size: Size, from: number): Promise<void> {
  await fill(site, kind, from, queueSizes[size])
  await memory(bench, site, `memory-${size}-${kind}`)
  const pages = `ls-${size}-${kind}`
  if (bench.wants(pages)) await measurePages(bench, site, pages, queueSizes[size])
}

function queueOf(kind: Kind): Group {
  const ids = (['100k', '1m'] as const).flatMap((size) => [
    `memory-${size}-${kind}`,
    `ls-${size}-${kind}`,
  ])
  const most = (bench: Bench) => (kind === 'array' ? Infinity : bench.sizes.differentQueuedMax)
  return {
    ids: [...ids, `restart-${kind}`],
    async run(bench) {
      const site = await openSite(bench, `queue-${kind}`)
      const few = 10
      await site.balsam('submit', '--array', `1-${few}`, '--workflow', 'few', '--', 'true')
      await at(bench, site, kind, '100k', 0)
      if (bench.wants(`restart-${kind}`)) {
        await restart(bench, site, kind, queueSizes['100k'] + few)
      }
      const isMillionWanted = bench.wants(`memory-1m-${kind}`) || bench.wants(`ls-1m-${kind}`)
      if (isMillionWanted && most(bench) >= queueSizes['1m']) {
        await at(bench, site, kind, '1m', queueSizes['100k'])
      }
      await site.close()
    },
  }
}

/** Memory, pages and restart with arrays queued. */
export const queueOfArrays: Group = queueOf('array')

/** The same with different jobs. */
export const queueOfDifferent: Group = queueOf('different')
