// The store as the core sees it: turns in, rows out. Implemented over any SqlDriver.
// It never decides anything about jobs.
import type { JobFilter, JobId, StateCounts } from '../../protocol/job.ts'
import type { PageAsked } from './queries/list.ts'
import type {
  CatchUp,
  EdgeRow,
  JobRow,
  SpanRow,
  SpecRow,
  Standing,
  StoredSite,
  SubmissionRow,
  TurnCommit,
} from './rows.ts'

/** A job of a page: either its own row, or one id out of a span. */
export interface ListedJob {
  readonly id: JobId
  readonly spec: Omit<SpecRow, 'body'>
  readonly row: JobRow | null
  readonly span: Omit<SpanRow, 'mix'> | null
  /** The spec's body, where it was asked for. */
  readonly body?: string
}

/** Inclusive ranges of ids, in order. */
export type Ranges = readonly (readonly [first: JobId, last: JobId])[]

/** A page of jobs in order of id. */
export interface ListedPage {
  readonly jobs: readonly ListedJob[]
  /** Jobs that match in all, over all pages. */
  readonly total: number
  readonly next: JobId | null
}

/** Who a job comes after, and who comes after it. */
export interface Kin {
  readonly parents: SomeJobs
  readonly children: SomeJobs
}

/** Jobs of a list that may be long: the first of them, in order of id. */
export interface SomeJobs {
  readonly ids: readonly JobId[]
  readonly total: number
}

/** One site's database, opened by the one daemon that holds its epoch. */
export interface Store {
  /** Name of the driver and the journal mode, for `balsamd status`. */
  readonly facts: { readonly driver: string; readonly journalMode: string }
  /** Raises the epoch (compare-and-swap), drops unsettled blocks, reads everything needed. */
  open(owner: string): Promise<StoredSite>
  /** False once another daemon has raised the epoch. */
  reigns(): Promise<boolean>
  /**
   * Writes one turn durably. STALE_EPOCH when another daemon has taken over; STORAGE_REFUSED for
   * lack of space or a lock (nothing written, may be retried).
   */
  commit(turn: TurnCommit): Promise<void>
  /** Writes derived rows; no fsync, the journal can repeat it. Prunes the records it replaces. */
  catchUp(rows: CatchUp): Promise<void>
  /** Puts specs of a large submission down before its commit; a block is named by its first id. */
  stage(block: { readonly lo: JobId; readonly hi: JobId }, specs: readonly SpecRow[]): Promise<void>
  /** Puts edges to jobs of staged blocks down; they become visible and are forgotten with these. */
  stageEdges(edges: readonly EdgeRow[]): Promise<void>
  /** Forgets the staged specs of blocks whose submission failed. */
  unstage(blocks: readonly JobId[]): Promise<void>
  /** Writes versions of specs down ahead of the turn that decides them, under a number. */
  stageChanges(batch: number, specs: readonly SpecRow[]): Promise<void>
  /** Forgets the staged versions of a batch that no turn will decide. */
  dropChanges(batch: number): Promise<void>
  /** The specs that cover these ids (each once). */
  specsOf(ids: readonly JobId[]): Promise<SpecRow[]>
  /** Numbers of the states of those of these jobs that exist. */
  statesOf(ids: readonly JobId[]): Promise<ReadonlyMap<JobId, number>>
  /**
   * Edges into jobs that come after the children of new edges, also by way of these; none when no
   * parent is among those jobs.
   */
  edgesBelow(
    added: readonly (readonly [parent: JobId, child: JobId])[],
  ): Promise<readonly EdgeRow[]>
  /** How the jobs of each of these ranges stand. */
  standingOf(ranges: Ranges): Promise<readonly Standing[]>
  /** A job's parents and children in order of id, of each up to so many. */
  kin(id: JobId, max: number): Promise<Kin>
  /** Edges into jobs of these ranges, also those into arrays that only begin or end there. */
  edgesInto(ranges: readonly (readonly [first: JobId, last: JobId])[]): Promise<readonly EdgeRow[]>
  /** Specs that reach into ascending ranges, in order, at most `limit`. */
  specsIn(ranges: Ranges, limit: number): Promise<SpecRow[]>
  /** Rows of ended jobs within ranges, in order, at most `limit`. */
  endedIn(ranges: Ranges, limit: number): Promise<JobRow[]>
  submission(key: string): Promise<SubmissionRow | null>
  /** A page of the jobs that match, rows and spans alike, ids > after. */
  list(filter: JobFilter, after: JobId, limit: number): Promise<ListedPage>
  /** The same in any order, with bodies where asked for. BAD_FIELD for what can't be compared. */
  query(filter: JobFilter, asked: PageAsked): Promise<ListedPage>
  counts(filter: JobFilter): Promise<{ readonly total: number; readonly states: StateCounts }>
  /** Ids that match as inclusive ranges, in order (for kill, rm and wait). */
  match(filter: JobFilter): Promise<readonly (readonly [first: JobId, last: JobId])[]>
  /** The job with this id, with its whole spec. */
  find(id: JobId): Promise<(ListedJob & { readonly body: string }) | null>
  /** Integrity check and the rules between the tables. */
  check(): Promise<{ readonly integrity: string; readonly breaches: readonly string[] }>
  /** Copies the database to a new file; resolves to its bytes. BAD_FIELD when that cannot be. */
  backup(file: string): Promise<number>
  close(): Promise<void>
}
