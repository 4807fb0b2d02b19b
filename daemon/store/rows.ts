// The rows that the core gives to the store and gets back at boot. No behaviour.
// The journal decides; every other row can be derived from it and from what was there before.
import type { AppSpec, JobId } from '../../protocol/job.ts'

/** A spec: what was asked, once per job or once per array (lo..hi inclusive are its jobs). */
export interface SpecRow {
  readonly lo: JobId
  readonly hi: JobId
  readonly workflow: string
  readonly name: string
  /** null for a plain command. */
  readonly app: string | null
  /** Array index of job `lo`, whose name is then `<name>-<arrayFirst>`; null for a single job. */
  readonly arrayFirst: number | null
  /** The JobRequest as JSON. */
  readonly body: string
}

/** What jobs of one span have in common for placement. */
export interface SpanShape {
  readonly workflow: string
  readonly priority: number
  /** null: a share of the node, 1 / packing. */
  readonly cpus: number | null
  readonly packing: number
  readonly wallMinutes: number
  /** JSON of the job machine's immutable facts (maxRetries, hooks it has …). */
  readonly facts: string
}

/** Shapes of neighbouring jobs that differ only in how they are placed. */
export interface ShapeMix {
  readonly shapes: readonly SpanShape[]
  /** A character for each job: its code minus `memberBase` is the place of its shape. */
  readonly members: string
}

/** What stands for the first shape; any number of shapes fits below the surrogates. */
export const memberBase = 0x30

/** A run of neighbouring jobs to which the same things happened so far; kept as one row. */
export interface SpanRow extends SpanShape {
  readonly lo: JobId
  readonly hi: JobId
  /** `lo` of the array's spec; null when each job has a spec of its own, whose lo is its id. */
  readonly spec: JobId | null
  /** Number of the public state (protocol/states). */
  readonly state: number
  /** JSON array of history records, shared by all its jobs. */
  readonly log: string
  /** Present when its jobs have not all the same shape; the row's own is then the first job's. */
  readonly mix?: ShapeMix
}

/** A job that something happened to alone: its machine's snapshot without loss, and its history. */
export interface JobRow {
  readonly id: JobId
  /** `lo` of its spec. */
  readonly spec: JobId
  readonly state: number
  /** Machine context: attempts so far, failed attempts that count against maxRetries. */
  readonly attempts: number
  readonly failures: number
  /** Milliseconds since 1970, or null. Of the latest attempt. */
  readonly startedAt: number | null
  readonly endedAt: number | null
  readonly code: number | null
  readonly signal: number | null
  /** JSON array of history records (see daemon/core/history). */
  readonly log: string
}

/** Jobs child..childLast come after jobs parent..parentLast; each a job or a whole array. */
export interface EdgeRow {
  readonly child: JobId
  readonly childLast: JobId
  readonly parent: JobId
  readonly parentLast: JobId
}

/** How jobs first..last stand; those that were removed don't count. */
export interface Standing {
  readonly first: JobId
  readonly last: JobId
  /** Not JOB_FINISHED. */
  readonly unfinished: number
  /** Neither in a row of an ended job nor anywhere else but in memory: spans and open jobs. */
  readonly inMemory: number
  /** State number of some that failed or was killed; null: none. */
  readonly failed: number | null
}

/** A live actor's persisted snapshot. */
export interface ActorRow {
  readonly kind: 'daemon' | 'allocation' | 'launcher' | 'node'
  readonly id: number
  /** Version of the machine that wrote the snapshot. */
  readonly version: number
  /** JSON: { snapshot, facts }. */
  readonly body: string
}

/** An accepted submission with its idempotency key. */
export interface SubmissionRow {
  readonly key: string
  /** Hash of the content, to refuse a key used for something else. */
  readonly digest: string
  /** SubmissionReceipt as JSON. */
  readonly receipt: string
}

/** Everything one turn of the core writes; all of it or nothing. */
export interface TurnCommit {
  /** Grows by one each turn. */
  readonly seq: number
  /** Wall time in ms. */
  readonly at: number
  /** Journal record: JSON. */
  readonly body: string
  readonly specs: readonly SpecRow[]
  readonly apps: readonly AppSpec[]
  /** Names of apps that are no more. */
  readonly forgottenApps: readonly string[]
  readonly actors: readonly ActorRow[]
  readonly forgottenActors: readonly { readonly kind: ActorRow['kind']; readonly id: number }[]
  readonly submissions: readonly SubmissionRow[]
  /** Edges to the new jobs that were not staged. */
  readonly edges: readonly EdgeRow[]
  /** Blocks of ids whose staged specs become part of the site with this commit. */
  readonly settledBlocks: readonly JobId[]
  /** Batches of staged versions of specs that are decided with this commit. */
  readonly settledChanges: readonly number[]
}

/** Brings the derived tables up to journal record `seq`. */
export interface CatchUp {
  readonly seq: number
  readonly jobs: readonly JobRow[]
  /** Jobs that are removed (rm). */
  readonly removedJobs: readonly JobId[]
  /** Spans to delete by lo, then spans to insert. */
  readonly removedSpans: readonly JobId[]
  readonly spans: readonly SpanRow[]
  /** History records to be added to ended jobs first..last; JSON text without brackets. */
  readonly notes: readonly (readonly [first: JobId, last: JobId, text: string])[]
  /** Specs (by lo) that no job uses any more (rm). */
  readonly removedSpecs: readonly JobId[]
  /** Edges to jobs that were there before. */
  readonly edges: readonly EdgeRow[]
  /** Inclusive ranges of removed jobs, whose edges go. */
  readonly removedRanges: readonly (readonly [first: JobId, last: JobId])[]
  /** New absolute counts; 0 deletes. */
  readonly tallies: readonly {
    readonly workflow: string
    readonly state: number
    readonly count: number
  }[]
}

/** A journal record read back. */
export interface JournalRow {
  readonly seq: number
  readonly at: number
  readonly body: string
}

/** All that the core needs to go on where the last daemon stopped. */
export interface StoredSite {
  readonly epoch: number
  /** Last journal record whose effects are in the derived tables. */
  readonly appliedSeq: number
  /** Highest seq of any reign (0 at first). */
  readonly lastSeq: number
  /** First id never given out, over specs, spans, jobs and reserved blocks. */
  readonly nextJobId: JobId
  readonly apps: readonly AppSpec[]
  readonly spans: readonly SpanRow[]
  /** Jobs that have not come to an end, and killed ones of which an attempt may be open. */
  readonly openJobs: readonly JobRow[]
  readonly tallies: readonly {
    readonly workflow: string
    readonly state: number
    readonly count: number
  }[]
  /** Edges of jobs that wait for their parents, and how the jobs at their ends stand. */
  readonly waiting: {
    readonly edges: readonly EdgeRow[]
    readonly ends: readonly Standing[]
  }
  readonly actors: readonly ActorRow[]
  /** Records after appliedSeq, in order. */
  readonly journal: readonly JournalRow[]
}
