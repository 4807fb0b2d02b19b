// The rows of the yardsticks themselves: what the C loops gave over the whole run, and the disk.
// Must run last, so that every run of a loop beside another row counts here, too.
import type { Group } from '../bench.ts'
import { fsyncMs } from '../measure/fsync.ts'
import { readable } from '../report/numbers.ts'
import type { Figure } from '../row.ts'

function figureOf(rates: readonly number[]): Figure {
  const [lowest, highest] = [Math.min(...rates), Math.max(...rates)].map(readable)
  const spread = `${rates.length} runs between ${lowest} and ${highest}`
  return { samples: rates.map((value) => ({ value, beside: null })), notes: [spread] }
}

/** Rows `c-loop` and `c-loop-files`. */
export const loops: Group = {
  ids: ['c-loop', 'c-loop-files'],
  async run({ loop, sizes, hand }) {
    if (loop === null) throw new Error('no C compiler (gcc or cc) is on PATH')
    if (loop.rates.length === 0) await loop.rate(sizes.tasks)()
    if (loop.ratesWithFiles.length === 0) await loop.rateWithFiles(sizes.tasks)()
    hand('c-loop', figureOf(loop.rates))
    hand('c-loop-files', figureOf(loop.ratesWithFiles))
  },
}

/** Row `fsync`. */
export const disk: Group = {
  ids: ['fsync'],
  run: async (bench) => {
    const samples = fsyncMs(bench.scratch, 100).map((value) => ({ value, beside: null }))
    bench.hand('fsync', { samples })
  },
}
