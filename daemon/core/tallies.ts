// How many jobs of each workflow are in each state, kept with every transition, so that no count
// needs a scan. What changed is given to the store with the next catch-up.
import type { WorkflowItem } from '../../protocol/calls.ts'
import type { StateCounts } from '../../protocol/job.ts'
import { jobStates } from '../../protocol/states.ts'

/** Counts by workflow and state number. */
export class Tallies {
  private readonly counts = new Map<string, number[]>()
  private readonly changed = new Set<string>()

  /** Adds (or with a negative count takes) jobs of a state. */
  add(workflow: string, state: number, count: number): void {
    let row = this.counts.get(workflow)
    if (row === undefined) {
      row = new Array<number>(jobStates.length).fill(0)
      this.counts.set(workflow, row)
    }
    row[state] = (row[state] ?? 0) + count
    this.changed.add(workflow)
  }

  /** Counts of one workflow, or of all. */
  states(workflow: string | null): StateCounts {
    const sum = new Array<number>(jobStates.length).fill(0)
    const rows = workflow === null ? this.counts.values() : [this.counts.get(workflow) ?? []]
    for (const row of rows)
      for (const [state, count] of row.entries()) sum[state] = (sum[state] ?? 0) + count
    return toStateCounts(sum)
  }

  /** At most `limit` of the workflows with jobs, by name, after the one named; how many in all. */
  workflows(
    after: string,
    limit: number,
  ): { readonly items: readonly WorkflowItem[]; readonly total: number; readonly isMore: boolean } {
    const present = [...this.counts].filter(([, row]) => row.some((count) => count !== 0))
    const left = present.filter(([name]) => name > after).sort(([a], [b]) => (a < b ? -1 : 1))
    const items = left.slice(0, limit).map(([workflow, row]) => {
      const total = row.reduce((sum, count) => sum + count, 0)
      return { workflow, total, states: toStateCounts(row) }
    })
    return { items, total: present.length, isMore: left.length > items.length }
  }

  /** Absolute counts of what changed since the last call. */
  takeChanges(): { workflow: string; state: number; count: number }[] {
    const rows: { workflow: string; state: number; count: number }[] = []
    for (const workflow of this.changed) {
      const row = this.counts.get(workflow) ?? []
      for (const [state, count] of row.entries()) rows.push({ workflow, state, count })
      if (row.every((count) => count === 0)) this.counts.delete(workflow)
    }
    this.changed.clear()
    return rows
  }

  /** Takes what the store knew at boot. */
  restore(
    rows: readonly { readonly workflow: string; readonly state: number; readonly count: number }[],
  ): void {
    for (const row of rows) this.add(row.workflow, row.state, row.count)
    this.changed.clear()
  }
}

/** Names for counts by state number; zeroes are left out. */
export function toStateCounts(counts: readonly number[]): StateCounts {
  const named: StateCounts = {}
  for (const [number, state] of jobStates.entries()) {
    const count = counts[number] ?? 0
    if (count !== 0) named[state] = count
  }
  return named
}
