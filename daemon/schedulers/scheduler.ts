// What every batch scheduler looks like to the daemon. An adapter knows its scheduler's commands
// and formats, and nothing of jobs; the core knows neither. Types only.
import type {
  AllocationFacts,
  KnownAllocation,
  PollAnswer,
  SubmitAnswer,
} from '../core/allocation-services.ts'

/**
 * One batch scheduler. Nothing here throws for what the outside does: not knowing is an answer.
 * All calls may be repeated (after a crash the core does), so submit must find its earlier self by
 * the token, and cancel of what has ended is no error.
 */
export interface Scheduler {
  /** As in settings and lists: 'local', 'slurm' … */
  readonly name: string
  /** How often it may be asked, in ms. */
  readonly pollMs: number
  /**
   * Asks for an allocation. The run directory is prepared. 'refused' only when it is certain that
   * nothing was taken; a time-out or a lost answer is 'unknown'.
   */
  submit(facts: AllocationFacts): Promise<SubmitAnswer>
  /**
   * Looks at all of them in one query. An allocation that is absent from the answer counts as
   * 'unknown'; 'ended' is a proof that nothing of it lives or will live.
   */
  poll(allocations: readonly KnownAllocation[]): Promise<ReadonlyMap<number, PollAnswer>>
  /**
   * Has it ended: gently, or at once when forced. Resolves when that is asked for; polls tell the
   * end.
   */
  cancel(allocation: KnownAllocation, isForced: boolean): Promise<void>
  /** Its id by the token; null: it certainly is not there; undefined: not known. */
  findByToken(facts: AllocationFacts): Promise<string | null | undefined>
}
