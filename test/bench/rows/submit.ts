// Submitting 100,000 jobs: one array by the CLI, and all different ones by the client in NDJSON.
// Must run without a launcher: only the acceptance is timed.
import { different } from '../balsam/requests.ts'
import { openSite } from '../balsam/site.ts'
import type { Bench, Group } from '../bench.ts'
import { alternate } from '../measure/alternate.ts'
import { nodeStartMs, parseAndSyncSeconds } from '../reference/bare-node.ts'

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

async function differentOnes(bench: Bench): Promise<void> {
  const requests = different(0, count, 'different')
  const wrongs: string[] = []
  const yardstick = () => parseAndSyncSeconds(requests, bench.scratch)
  const samples = await alternate(bench.sizes.submissions, yardstick, async (repeat) => {
    const site = await openSite(bench, `submit-different-${repeat}`)
    const { client } = site.daemon()
    const startedAt = performance.now()
    const receipt = await client.submit(requests)
    const seconds = (performance.now() - startedAt) / 1_000
    if (receipt.total !== count) wrongs.push(`${receipt.total} jobs instead of ${count}`)
    await site.close()
    return seconds
  })
  const how = 'one NDJSON submission through the client, acknowledged when durable'
  bench.hand('submit-different', { samples, notes: [how], wrongs })
}

/** Row `submit-array`. */
export const submitArray: Group = { ids: ['submit-array'], run: arrays }

/** Row `submit-different`. */
export const submitDifferent: Group = { ids: ['submit-different'], run: differentOnes }
