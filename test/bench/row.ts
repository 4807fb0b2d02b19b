// A row of the table: what was measured, its medians, and the judgement against the goal.
// Must never round or repair a figure; whoever prints it does the rounding.
import { median } from './measure/median.ts'
import type { Goal, RowPlan } from './plan.ts'

/** One repetition: the figure, and the yardstick that was run right beside it. */
export interface Sample {
  readonly value: number
  /** null: the yardstick could not be run. */
  readonly beside: number | null
}

/** What a group of the bench hands in for one row. */
export interface Figure {
  readonly samples: readonly Sample[]
  /** Context worth a line: sizes, CPU, lag. */
  readonly notes?: readonly string[]
  /** Results that were not right (a job not finished, run twice …); any makes the row wrong. */
  readonly wrongs?: readonly string[]
}

/** pass or miss of the goal; info: no goal; wrong: the results were not right; absent: not run. */
export type Verdict = 'pass' | 'miss' | 'info' | 'wrong' | 'absent'

/** A finished row. */
export interface Row {
  readonly plan: RowPlan
  readonly value: number | null
  readonly beside: number | null
  /** Median of the ratios of each sample to its own yardstick. */
  readonly ratio: number | null
  readonly samples: readonly Sample[]
  readonly verdict: Verdict
  readonly notes: readonly string[]
}

/** Whether `measured` satisfies `goal` with the given bound. */
export function isMet(goal: Goal, measured: number, bound: number): boolean {
  if (goal.is === 'at least') return measured >= bound
  return goal.is === 'below' ? measured < bound : measured <= bound
}

/** The row of a figure: medians and verdict. */
export function judge(plan: RowPlan, figure: Figure): Row {
  const { samples } = figure
  const value = median(samples.map((sample) => sample.value))
  const besides = samples.flatMap((sample) => (sample.beside === null ? [] : [sample.beside]))
  const ratios = samples.flatMap(({ value: each, beside }) =>
    beside === null || beside === 0 ? [] : [each / beside],
  )
  const ratio = ratios.length === 0 ? null : median(ratios)
  const wrongs = figure.wrongs ?? []
  return {
    plan,
    value,
    beside: besides.length === 0 ? null : median(besides),
    ratio,
    samples,
    verdict: wrongs.length > 0 ? 'wrong' : verdictOf(plan.goal, value, ratio),
    notes: [...wrongs.map((wrong) => `WRONG: ${wrong}`), ...(figure.notes ?? [])],
  }
}

function verdictOf(goal: Goal | null, value: number, ratio: number | null): Verdict {
  if (goal === null) return 'info'
  const measured = goal.of === 'ratio' ? ratio : value
  if (measured === null) return 'absent'
  return isMet(goal, measured, goal.bound) ? 'pass' : 'miss'
}

/** The row of something that could not be measured, and why. */
export function absent(plan: RowPlan, reason: string): Row {
  const nothing = { value: null, beside: null, ratio: null, samples: [] }
  return { plan, ...nothing, verdict: 'absent', notes: [reason] }
}
