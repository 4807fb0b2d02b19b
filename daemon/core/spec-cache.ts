// Specs of jobs that are about to be sent to launchers, parsed, newest kept. Bounded, because with
// 10^6 different jobs the specs live in the store and only a window of them here.
import type { JobId, JobRequest } from '../../protocol/job.ts'
import type { SpecRow } from '../store/rows.ts'
import { fromStore } from './stored-json.ts'

/** A spec as launchers need it. */
export interface ParsedSpec {
  readonly lo: JobId
  readonly hi: JobId
  readonly request: JobRequest
}

/** How many specs are kept: some backlogs of different jobs. */
const keptSpecsMax = 20_000

/** A window of parsed specs by `lo`. */
export class SpecCache {
  private readonly specs = new Map<JobId, ParsedSpec>()
  /** New versions that the store's tables don't show yet. */
  private readonly pending = new Map<JobId, ParsedSpec>()
  private readonly load: (ids: readonly JobId[]) => Promise<SpecRow[]>

  constructor(load: (ids: readonly JobId[]) => Promise<SpecRow[]>) {
    this.load = load
  }

  /** The spec, when it is here. */
  get(lo: JobId): ParsedSpec | undefined {
    return this.pending.get(lo) ?? this.specs.get(lo)
  }

  /** Takes new versions of specs, which hold from now on. */
  change(specs: readonly ParsedSpec[]): void {
    for (const spec of specs) {
      this.specs.delete(spec.lo)
      this.pending.set(spec.lo, spec)
    }
  }

  /** The store's tables show these versions now. */
  settle(specs: readonly ParsedSpec[]): void {
    for (const spec of specs) if (this.pending.get(spec.lo) === spec) this.pending.delete(spec.lo)
  }

  /** Keeps a spec that was just submitted. */
  put(spec: ParsedSpec): void {
    this.specs.set(spec.lo, spec)
    if (this.specs.size > keptSpecsMax) this.dropOldest()
  }

  /** Brings these specs here. */
  async want(los: Iterable<JobId>): Promise<void> {
    const missing = new Set<JobId>()
    for (const lo of los) if (!this.specs.has(lo) && !this.pending.has(lo)) missing.add(lo)
    if (missing.size === 0) return
    for (const row of await this.load([...missing])) {
      this.put({ lo: row.lo, hi: row.hi, request: fromStore(row.body) })
    }
  }

  private dropOldest(): void {
    let surplus = this.specs.size - keptSpecsMax * 0.9
    for (const lo of this.specs.keys()) {
      if (surplus <= 0) break
      this.specs.delete(lo)
      surplus -= 1
    }
  }
}
