// Nodes on which an app fails at once, time after time, while it succeeds on others: a full disk, a
// missing module. Such a node gets no more of its jobs for a while.
// Kept in memory only: a new daemon gives every node another chance. Never decides what a job is.
import { limits } from '../../protocol/limits.ts'

/** How an app did on a node. */
interface Record {
  /** Quick failures since the last end that was none. */
  failures: number
  /** Monotonic ms of the last success; null: never. */
  succeededAtMs: number | null
  /** Excluded until then; 0: not excluded. */
  untilMs: number
}

/** A node that an app is kept from. */
export interface Exclusion {
  readonly node: string
  readonly untilMs: number
  readonly failures: number
}

/** What is known of apps on nodes. */
export class BlackHoles {
  private readonly apps = new Map<string, Map<string, Record>>()
  /** No exclusion ends later: before the first one nothing need be looked up. */
  private latestMs = 0

  /** A task of the app has ended by itself; true when the node is excluded from now on. */
  ended(app: string, node: string, isSuccess: boolean, wallMs: number, nowMs: number): boolean {
    const record = this.recordOf(app, node)
    if (isSuccess || wallMs > limits.quickFailureMs) {
      record.failures = 0
      if (isSuccess) record.succeededAtMs = nowMs
      return false
    }
    record.failures += 1
    if (record.failures < limits.quickFailuresMax || record.untilMs > nowMs) return false
    if (!this.hasSucceededElsewhere(app, node)) return false
    record.untilMs = nowMs + limits.exclusionMs
    this.latestMs = record.untilMs
    return true
  }

  /** Is the app kept from the node? */
  isExcluded(app: string | undefined, node: string, nowMs: number): boolean {
    if (nowMs >= this.latestMs || app === undefined) return false
    return (this.apps.get(app)?.get(node)?.untilMs ?? 0) > nowMs
  }

  /** Is anything excluded? */
  hasAny(nowMs: number): boolean {
    return nowMs < this.latestMs
  }

  /** The nodes that the app is kept from. */
  exclusionsOf(app: string, nowMs: number): Exclusion[] {
    if (nowMs >= this.latestMs) return []
    return [...(this.apps.get(app) ?? [])]
      .filter(([, { untilMs }]) => untilMs > nowMs)
      .map(([node, { untilMs, failures }]) => ({ node, untilMs, failures }))
  }

  private hasSucceededElsewhere(app: string, node: string): boolean {
    for (const [other, { succeededAtMs }] of this.apps.get(app) ?? []) {
      if (other !== node && succeededAtMs !== null) return true
    }
    return false
  }

  private recordOf(app: string, node: string): Record {
    let nodes = this.apps.get(app)
    if (nodes === undefined) {
      nodes = new Map()
      this.apps.set(app, nodes)
    }
    let record = nodes.get(node)
    if (record === undefined) {
      record = { failures: 0, succeededAtMs: null, untilMs: 0 }
      nodes.set(node, record)
    }
    return record
  }
}
