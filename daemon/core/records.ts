// Journal records: what was decided, in the form in which it is written down and read back.
// Applying the same records to the same state gives the same state: that is what a restart does.
import type { JobId, LeaseToken } from '../../protocol/job.ts'
import type { JobState } from '../../protocol/states.ts'
import type { JobRow, ShapeMix, SpanShape } from '../store/rows.ts'
import { fromStore } from './stored-json.ts'

/** New jobs that are alike but for how they are placed: a span to be. */
export interface SpanSeed {
  readonly lo: JobId
  readonly hi: JobId
  readonly spec: JobId | null
  /** Of its first job. */
  readonly shape: SpanShape
  /** Present when not all have that shape. */
  readonly mix?: ShapeMix
  /** Present when they wait for parents. */
  readonly waits?: true
}

/** Who waits for whom: everything that there is to be waited for, as it was when it was decided. */
export interface EdgeSet {
  /** Flat (first job, number of jobs, of which not JOB_FINISHED). */
  readonly nodes: readonly number[]
  /** Flat (child, parent): places in `nodes`. */
  readonly edges: readonly number[]
  /** Parents that had failed or were killed: place in `nodes`, state number. */
  readonly failed: readonly (readonly [node: number, state: number])[]
}

/** Ended jobs of a workflow in a state. */
export type EndedCount = readonly [workflow: string, state: number, count: number]

/** Jobs whose spec has a new version, or another number because its array was split. */
export interface ChangedPart {
  readonly first: JobId
  readonly last: JobId
  /** `lo` of their array's spec; null when each job has its own. */
  readonly spec: JobId | null
  /** Place of their shape in the record's list. */
  readonly shape: number
  /** The machine's facts before, when they changed: their history was written under those. */
  readonly factsBefore?: string
  /** True for jobs that only stand beside the changed ones in an array. */
  readonly isBystander?: true
}

/** An ended job on its way back into memory. */
export type RevivedJob = readonly [row: JobRow, shape: number]

/** One decision. Positional, because assignments and exits come by the thousand. */
export type JournalRecord =
  | readonly ['submit', readonly SpanSeed[], EdgeSet?]
  /**
   * Flat (child, parent) of new edges, flat (first, last) of who begins to wait, and for what.
   */
  | readonly ['parents', readonly JobId[], readonly JobId[], EdgeSet]
  /** launcher, its cores, first token (the others follow it), flat (first job, count). */
  | readonly ['assign', number, number, LeaseToken, readonly number[]]
  /** launcher, first token (the others follow it), jobs: each gets the step it waits for. */
  | readonly ['step', number, LeaseToken, readonly JobId[]]
  /**
   * flat (first, last) of jobs in memory, the state, why, and the token of the lease
   * whose task asks for it: that one is not ended (0: nobody's).
   */
  | readonly ['force', readonly JobId[], JobState, string, LeaseToken]
  /** flat (token, startedAtMs). */
  | readonly ['start', readonly number[]]
  /** flat exits as in frames.ts, reasons by token. */
  | readonly ['exit', readonly number[], readonly (readonly [LeaseToken, string])[]]
  /** Leases that never ran; their jobs are ready again. */
  | readonly ['withdraw', readonly LeaseToken[], string]
  /** Leases whose tasks are known to be dead. 'timeout': because the allocation's time was over. */
  | readonly ['lost', readonly LeaseToken[], 'lost' | 'timeout', string]
  /** flat (first, last). */
  | readonly ['kill', readonly JobId[]]
  /** What changed in words, parts, their shapes; true: a waiting lease of theirs is worthless. */
  | readonly ['modify', string, readonly ChangedPart[], readonly SpanShape[], boolean]
  /** Ended jobs come back into memory as they are, with their shapes. */
  | readonly ['revive', readonly RevivedJob[], readonly SpanShape[]]
  /** A message, flat (first, last) of ended jobs in memory that are to run again. */
  | readonly ['retry', string, readonly JobId[]]
  /**
   * flat (first, last) of ended jobs, what they counted as, flat (first, last) of jobs that wait,
   * flat (first, last) of specs that no job uses any more.
   */
  | readonly ['remove', readonly JobId[], readonly EndedCount[], readonly JobId[], readonly JobId[]]

/** The journal body of one turn. */
export function encodeRecords(records: readonly JournalRecord[]): string {
  return JSON.stringify(records)
}

/**
 * The records of a journal body; they were written by this program, so a bad one is a broken store.
 */
export function decodeRecords(body: string): readonly JournalRecord[] {
  return fromStore(body)
}
