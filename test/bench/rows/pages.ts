// One page of `balsam ls`, plain and with each filter; the row's figure is the slowest of them.
// Expects a queue in workflow 'queue' and ten jobs in workflow 'few'.
import type { Site } from '../balsam/site.ts'
import type { Bench } from '../bench.ts'
import { alternate } from '../measure/alternate.ts'
import { median } from '../measure/median.ts'
import { nodeStartMs } from '../reference/bare-node.ts'
import { readable } from '../report/numbers.ts'
import type { Sample } from '../row.ts'

interface Query {
  readonly name: string
  readonly args: readonly string[]
  /** How many jobs match; null: all there are. */
  readonly matching: number | null
}

/** The name asked for is among the last ones, and no part of another name. */
function queriesAt(queued: number): readonly Query[] {
  return [
    { name: 'plain', args: [], matching: null },
    { name: 'by state', args: ['--state', 'PREPROCESSED'], matching: null },
    { name: 'by workflow', args: ['--workflow', 'few'], matching: 10 },
    { name: 'by name', args: ['--name', `queue-${queued - 1}`], matching: 1 },
  ]
}

/** Hands in the row `id` of a site with so many jobs in workflow 'queue'. */
export async function measurePages(
  bench: Bench,
  site: Site,
  id: string,
  queued: number,
): Promise<void> {
  const { total } = await site.daemon().client.tally()
  const wrongs: string[] = []
  const timed: { name: string; samples: Sample[] }[] = []
  for (const { name, args, matching } of queriesAt(queued)) {
    const said = await totalOf(site, args)
    const right = matching ?? total
    if (said !== right) wrongs.push(`ls ${name}: total ${String(said)} instead of ${right}`)
    const samples = await alternate(bench.sizes.pages, nodeStartMs, async () => {
      const { ms } = await site.balsam('ls', ...args)
      return ms
    })
    timed.push({ name, samples })
  }
  const middle = ({ samples }: { samples: Sample[] }) => median(samples.map(({ value }) => value))
  const slowest = timed.reduce((worst, each) => (middle(each) > middle(worst) ? each : worst))
  const each = timed.map((one) => `${one.name} ${readable(middle(one))} ms`).join(', ')
  bench.hand(id, { samples: slowest.samples, notes: [`the slowest of: ${each}`], wrongs })
}

/** The `total` that `ls --json` says, the page being cut off at 50. */
async function totalOf(site: Site, args: readonly string[]): Promise<unknown> {
  const { stdout } = await site.balsam('ls', '--json', ...args)
  const document: unknown = JSON.parse(stdout)
  if (typeof document !== 'object' || document === null || !('total' in document)) return 'none'
  return document.total
}
