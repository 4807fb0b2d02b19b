// The table on the terminal: one line a row, its notes beneath.
// Must say everything that the JSON says except the single samples.
import type { Machine } from '../measure/machine.ts'
import { type Goal, yardsticks } from '../plan.ts'
import { isMet, type Row } from '../row.ts'
import { readable } from './numbers.ts'

const headings = ['what', 'figure', 'beside it, same minute', 'ratio', 'goal', 'verdict'] as const
/** Columns that hold numbers are set flush right. */
const isRight = [false, true, true, true, false, false]

/** The whole report as text. */
export function tableOf(
  rows: readonly Row[],
  machine: Machine,
  context: readonly string[],
): string {
  const lines = rows.map((row) => ({ cells: cellsOf(row), notes: row.notes }))
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...lines.map(({ cells }) => cells[column]?.length ?? 0)),
  )
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => {
        const width = widths[column] ?? 0
        return isRight[column] === true ? cell.padStart(width) : cell.padEnd(width)
      })
      .join('  ')
      .trimEnd()
  return [
    `${machine.cores} cores (${machine.processor}), ${machine.memoryGiB} GiB, ${machine.system}, ` +
      `kernel ${machine.kernel}, Node ${machine.node}, ${machine.fileSystem}, ` +
      `load ${readable(machine.load)} before the run`,
    ...context,
    '',
    line(headings),
    ...lines.flatMap(({ cells, notes }) => [line(cells), ...notes.map((note) => `      ${note}`)]),
    '',
    summaryOf(rows),
    '',
  ].join('\n')
}

function cellsOf(row: Row): readonly string[] {
  const { plan, value, beside, ratio } = row
  const yardstick = plan.beside === null ? null : yardsticks[plan.beside]
  return [
    plan.title,
    value === null ? '–' : `${readable(value)} ${plan.unit}`,
    yardstick === null || beside === null
      ? ''
      : `${yardstick.title} ${readable(beside)} ${yardstick.unit}`,
    readable(ratio),
    plan.goal === null ? '' : goalText(plan.goal, plan.unit),
    verdictText(row),
  ]
}

function goalText(goal: Goal, unit: string): string {
  const sign = { 'at least': '≥', 'at most': '≤', below: '<' }[goal.is]
  return `${sign} ${goal.bound.toLocaleString('en-US')} ${goal.of === 'ratio' ? 'ratio' : unit}`
}

function verdictText({ plan: { goal }, verdict, value, ratio }: Row): string {
  const measured = goal?.of === 'ratio' ? ratio : value
  if (verdict !== 'pass' || goal?.stretch === undefined || measured === null) return verdict
  return `pass, ${isMet(goal, measured, goal.stretch) ? 'and' : 'not yet'} ${goal.stretch}`
}

function summaryOf(rows: readonly Row[]): string {
  const count = (verdict: Row['verdict']) => rows.filter((row) => row.verdict === verdict).length
  const absent = rows.filter((row) => row.plan.goal !== null && row.verdict === 'absent').length
  return (
    `goals: ${count('pass')} passed, ${count('miss')} missed, ${count('wrong')} wrong, ` +
    `${absent} not measured`
  )
}
