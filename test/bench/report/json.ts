// The report as one JSON document, every sample included, for comparing runs.
import type { Machine } from '../measure/machine.ts'
import { yardsticks } from '../plan.ts'
import type { Row } from '../row.ts'

/** The document; fields are only ever added. */
export function documentOf(
  rows: readonly Row[],
  machine: Machine,
  context: readonly string[],
  isQuick: boolean,
): string {
  const items = rows.map(({ plan, ...row }) => ({
    id: plan.id,
    title: plan.title.trim(),
    unit: plan.unit,
    value: row.value,
    beside:
      plan.beside === null || row.beside === null
        ? null
        : { ...yardsticks[plan.beside], value: row.beside },
    ratio: row.ratio,
    goal: plan.goal,
    verdict: row.verdict,
    notes: row.notes,
    samples: row.samples,
  }))
  const head = { schema: 'balsam.bench/1', is_quick: isQuick, machine, context }
  return `${JSON.stringify({ ...head, items, total: items.length, truncated: false }, null, 2)}\n`
}
