// Numbers that only grow over all reigns of a site: job ids, lease tokens, launchers, allocations.
// Tokens are reserved a million at a time, so that an assignment writes nothing for them.
import type { JobId, LeaseToken } from '../../protocol/job.ts'
import type { ActorRow } from '../store/rows.ts'
import { fromStore } from './stored-json.ts'
import type { Turn } from './turn.ts'

const rowId = 1
const tokensReserved = 1_000_000

interface Stored {
  readonly nextJob: number
  readonly tokenCeiling: number
  readonly nextLauncher: number
  readonly nextAllocation: number
}

/** The counters of a site. */
export class Counters {
  private nextJob: JobId
  private nextToken: LeaseToken
  private tokenCeiling: LeaseToken
  private nextLauncher: number
  private nextAllocation: number
  private nextBatch = 1

  /** Takes up where the stored row and the store's own highest job id left off. */
  constructor(rows: readonly ActorRow[], nextJobId: JobId) {
    const row = rows.find((actor) => actor.kind === 'daemon' && actor.id === rowId)
    const stored = row === undefined ? null : fromStore<Stored>(row.body)
    this.nextJob = Math.max(1, nextJobId, stored?.nextJob ?? 1)
    this.nextToken = stored?.tokenCeiling ?? 1
    this.tokenCeiling = this.nextToken
    this.nextLauncher = stored?.nextLauncher ?? 1
    this.nextAllocation = stored?.nextAllocation ?? 1
  }

  /** Takes `count` job ids; returns the first. They are used only once their turn is durable. */
  takeJobs(count: number): JobId {
    const first = this.nextJob
    this.nextJob += count
    return first
  }

  /** Every id that was ever given is below this one. */
  jobsEnd(): JobId {
    return this.nextJob
  }

  /** Takes `count` tokens in a row; returns the first. */
  takeTokens(turn: Turn, count: number): LeaseToken {
    const first = this.nextToken
    this.nextToken += count
    if (this.nextToken > this.tokenCeiling) {
      this.tokenCeiling = this.nextToken + tokensReserved
      this.write(turn)
    }
    return first
  }

  /** Number of a batch of staged changes: of this reign only, since the next drops them. */
  takeBatch(): number {
    this.nextBatch += 1
    return this.nextBatch
  }

  takeLauncher(turn: Turn): number {
    const id = this.nextLauncher
    this.nextLauncher += 1
    this.write(turn)
    return id
  }

  takeAllocation(turn: Turn): number {
    const id = this.nextAllocation
    this.nextAllocation += 1
    this.write(turn)
    return id
  }

  /** Puts the counters into the turn's commit. */
  write(turn: Turn): void {
    const stored: Stored = {
      nextJob: this.nextJob,
      tokenCeiling: this.tokenCeiling,
      nextLauncher: this.nextLauncher,
      nextAllocation: this.nextAllocation,
    }
    turn.actors.set('daemon:1', {
      kind: 'daemon',
      id: rowId,
      version: 1,
      body: JSON.stringify(stored),
    })
  }
}
