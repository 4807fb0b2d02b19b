// The lines beneath a throughput row: size, what the daemon spent, and what was not right.
import type { Batch } from '../balsam/batch.ts'
import { median } from '../measure/median.ts'
import { readable } from '../report/numbers.ts'
import type { Figure } from '../row.ts'

/** Notes and wrongs of the repetitions of one row. */
export function batchNotes(
  batches: readonly Batch[],
  tasks: number,
): Pick<Figure, 'notes' | 'wrongs'> {
  const cpu = median(batches.map(({ cpuMicros }) => cpuMicros))
  const lag = Math.max(...batches.map(({ lagMs }) => lagMs))
  const size = `${batches.length} × ${tasks.toLocaleString('en-US')} tasks`
  const cost = `daemon ${readable(cpu)} µs CPU a task, event loop blocked ≤ ${readable(lag)} ms`
  return { notes: [`${size}; ${cost}`], wrongs: batches.flatMap(({ wrongs }) => wrongs) }
}
