// Submitting 100,000 jobs: one array by the CLI, and different ones by the client in NDJSON, with
// and without parents.
// Must run without a launcher: only the acceptance is timed.
import type { JobInput } from '../../../client/sdk/index.ts'
import { different, layered } from '../balsam/requests.ts'
import { openSite } from '../balsam/site.ts'
import type { Bench, Group } from '../bench.ts'
import { alternate } from '../measure/alternate.ts'
import { nodeStartMs, parseAndSyncSeconds } from '../reference/bare-node.ts'
import { readable } from '../report/numbers.ts'

const count = 100_000

async function arrays(bench: Bench): Promise<void> {
  const site = await openSite(bench, 'submit-array')
  const wrongs: string[] = []
  const samples = await alternate(bench.sizes.submissions, nodeStartMs, async (repeat) => {
    const workflow = `array-${repeat}`
    const what = ['--array', `1-${count}`, '--workflow', workflow, '--stdout', 'none']
    const { ms } = await site.balsam('submit', ...what, '--', 'true')
    const { total } = await site.daemon().client.tally({ workflow })
    if (total !== count) wrongs.push(`${total} jobs instead of ${count}`)
    return ms
  })
  const how = '`balsam submit --array 1-100000 --stdout none -- true`, start to exit of the command'
  bench.hand('submit-array', { samples, notes: [how], wrongs })
  await site.close()
}

async function many(bench: Bench, id: string, requests: readonly JobInput[], what: string) {
  const wrongs: string[] = []
  const lags: number[] = []
  const yardstick = () => parseAndSyncSeconds(requests, bench.scratch)
  const samples = await alternate(bench.sizes.submissions, yardstick, async (repeat) => {
    const site = await openSite(bench, `${id}-${repeat}`)
    const { client } = site.daemon()
    await client.status()
    const startedAt = performance.now()
    const receipt = await client.submit(requests)
    const seconds = (performance.now() - startedAt) / 1_000
    if (receipt.total !== count) wrongs.push(`${receipt.total} jobs instead of ${count}`)
    lags.push((await client.status()).loop_lag_ms_max)
    await site.close()
    return seconds
  })
  const lag = `event loop blocked ≤ ${readable(Math.max(...lags))} ms`
  const how = 'one NDJSON submission through the client, acknowledged when durable'
  bench.hand(id, { samples, notes: [`${what}${how}; ${lag}`], wrongs })
}

/** Row `submit-array`. */
export const submitArray: Group = { ids: ['submit-array'], run: arrays }

/** Row `submit-different`. */
export const submitDifferent: Group = {
  ids: ['submit-different'],
  run: (bench) => many(bench, 'submit-different', different(0, count, 'different'), ''),
}

/** Row `submit-dag`. */
export const submitDag: Group = {
  ids: ['submit-dag'],
  run: (bench) => many(bench, 'submit-dag', layered(count, 'dag'), 'two parents each, by key; '),
}
