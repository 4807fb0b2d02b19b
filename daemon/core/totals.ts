// How many jobs matched a condition, remembered for the pages after the first: counting a million
// jobs for each page of ten thousand would cost more than the pages.
import type { JobFilter } from '../../protocol/job.ts'
import { limits } from '../../protocol/limits.ts'

/** Conditions remembered: some readers at once. */
const keptMax = 64

/** Totals of a little earlier. */
export class Totals {
  private readonly totals = new Map<string, { readonly total: number; readonly atMs: number }>()

  /** The total, when it was counted not long ago. Plain filters are counted from indices. */
  get(filter: JobFilter, nowMs: number): number | undefined {
    if (filter.where === undefined && filter.tags === undefined) return undefined
    const found = this.totals.get(JSON.stringify(filter))
    return found === undefined || nowMs - found.atMs > limits.totalKeptMs ? undefined : found.total
  }

  /** Remembers the total of a first page. */
  put(filter: JobFilter, total: number, nowMs: number): void {
    if (filter.where === undefined && filter.tags === undefined) return
    const key = JSON.stringify(filter)
    const known = this.totals.get(key)
    if (known !== undefined && known.total === total) return
    this.totals.delete(key)
    this.totals.set(key, { total, atMs: nowMs })
    const [oldest] = this.totals.keys()
    if (oldest !== undefined && this.totals.size > keptMax) this.totals.delete(oldest)
  }
}
