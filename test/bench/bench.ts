// What a group of the bench is given, and the loop that runs the groups one after another.
// Must run one thing at a time: two measurements at once would measure each other.
import type { Balsam } from './balsam/balsam.ts'
import type { RowPlan } from './plan.ts'
import type { SpawnLoop } from './reference/spawn-loop.ts'
import { absent, type Figure, judge, type Row } from './row.ts'
import type { Sizes } from './sizes.ts'

/** The means of a measurement. */
export interface Bench {
  readonly isQuick: boolean
  readonly sizes: Sizes
  /** Where downloads and compiled things stay. */
  readonly cache: string
  /** Where sites and outputs go; removed at the end. */
  readonly scratch: string
  /** null: there is no C compiler, so rows have nothing beside them. */
  readonly loop: SpawnLoop | null
  /** The built product, or the reason why there is none. */
  readonly balsam: Balsam | { readonly missing: string }
  /** True when the row was asked for. */
  wants(id: string): boolean
  /** Hands in the figure of a row. */
  hand(id: string, figure: Figure): void
  /** Notes a fact about the run (driver, versions) for the head of the report; once each. */
  fact(text: string): void
  /** Says on stderr what is going on. */
  say(text: string): void
}

/** Rows that are measured together, on one set-up. */
export interface Group {
  readonly ids: readonly string[]
  run(bench: Bench): Promise<void>
}

/** Runs the groups that have a wanted row; every wanted row comes back, absent ones with why. */
export async function runGroups(
  groups: readonly Group[],
  plan: readonly RowPlan[],
  means: Omit<Bench, 'hand'>,
): Promise<readonly Row[]> {
  const figures = new Map<string, Figure>()
  const reasons = new Map<string, string>()
  const bench: Bench = { ...means, hand: (id, figure) => figures.set(id, figure) }
  for (const group of groups) {
    const wanted = group.ids.filter((id) => bench.wants(id))
    if (wanted.length === 0) continue
    bench.say(wanted.join(', '))
    try {
      await group.run(bench)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      for (const id of wanted) reasons.set(id, reason)
    }
  }
  return plan
    .filter(({ id }) => bench.wants(id))
    .map((row) => {
      const figure = figures.get(row.id)
      if (figure !== undefined && figure.samples.length > 0) return judge(row, figure)
      return absent(row, reasons.get(row.id) ?? 'not measured in this mode')
    })
}
