// What the core asks of schedulers and run directories. Types only; daemon/main wires the adapters
// in, the simulation its own.
import type { AllocationRequest } from '../../protocol/calls.ts'

/** Facts of an allocation that never change; stored with its machine's snapshot. */
export interface AllocationFacts {
  readonly id: number
  /** Name of the adapter; 'foreign' for launchers started by hand. */
  readonly scheduler: string
  /** Unique over all sites and times: by it a submission whose answer was lost is found again. */
  readonly token: string
  readonly request: AllocationRequest
  readonly wfFilter: string
  readonly runDirectory: string
  readonly createdAtMs: number
}

/** Answer to a submission. 'unknown': it may or may not have been taken. */
export type SubmitAnswer =
  | { readonly kind: 'accepted'; readonly schedulerId: string }
  | { readonly kind: 'refused'; readonly said: string }
  | { readonly kind: 'unknown'; readonly why: string }

/** What a poll says of one allocation. */
export interface PollAnswer {
  readonly state: 'queued' | 'running' | 'ended' | 'unknown'
  readonly evidence: string
  readonly isFailure?: boolean
}

/** An allocation as polled and cancelled. */
export interface KnownAllocation extends AllocationFacts {
  readonly schedulerId: string | null
}

/** Exits found in the journals of an allocation that has ended, in the form of an exited frame. */
export interface FoundExits {
  readonly flat: readonly number[]
  readonly reasons: readonly (readonly [number, string])[]
}

/** Schedulers and run directories. None of these throws for what the outside does. */
export interface AllocationServices {
  submit(facts: AllocationFacts): Promise<SubmitAnswer>
  /** The id under which the scheduler has it; null: it certainly has not; undefined: not known. */
  find(facts: AllocationFacts): Promise<string | null | undefined>
  /** One query for all of them. */
  poll(allocations: readonly KnownAllocation[]): Promise<ReadonlyMap<number, PollAnswer>>
  cancel(allocation: KnownAllocation, isForced: boolean): Promise<void>
  /** Makes the run directory with what supervisor and launchers read. */
  prepareRun(facts: AllocationFacts): Promise<void>
  readExits(runDirectory: string): Promise<FoundExits>
  /** Nothing of it lives and that is written down: what let its launchers in is taken away. */
  forget(facts: AllocationFacts): void
}
