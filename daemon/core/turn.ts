// A turn: what was decided from a few milliseconds of events, to be written in one commit, and what
// may happen only after that. Nothing here acts on the outside.
import type { AppSpec, JobId, LeaseToken } from '../../protocol/job.ts'
import type { ActorRow, EdgeRow, SpecRow, SubmissionRow, TurnCommit } from '../store/rows.ts'
import { applyRecord } from './apply.ts'
import type { OpenJob } from './open-job.ts'
import { encodeRecords, type JournalRecord } from './records.ts'
import type { Sink, Site } from './site.ts'
import type { TurnParents } from './turn-parents.ts'

/** Decisions of one turn and their effects. */
export interface Turn {
  /** Wall time of the turn in ms. */
  readonly at: number
  readonly records: JournalRecord[]
  readonly specs: SpecRow[]
  readonly edges: EdgeRow[]
  readonly apps: AppSpec[]
  readonly actors: Map<string, ActorRow>
  readonly forgottenActors: { readonly kind: ActorRow['kind']; readonly id: number }[]
  readonly submissions: SubmissionRow[]
  readonly settledBlocks: JobId[]
  /** Batches of staged versions of specs. */
  readonly settledChanges: number[]
  readonly forgottenApps: string[]
  /** Leases given in this turn, by launcher. */
  readonly assignments: Map<number, OpenJob[]>
  /** Parents of jobs that are leased in this turn; filled while the commit is under way. */
  parents: TurnParents
  /** Leases to be ended on their launchers after the commit. */
  readonly kills: {
    readonly launcher: number
    readonly token: LeaseToken
    /** Hooks get little grace. */
    readonly isStep?: boolean
  }[]
  /** Leases to be asked back, if their tasks have not started. */
  readonly takeBacks: { readonly launcher: number; readonly token: LeaseToken }[]
  /** Backlogs to be asked back. */
  readonly recalls: { readonly launcher: number; readonly count: number }[]
  /** Grace between TERM and KILL for `kills`; null: nobody asked for one. */
  killGraceMs: number | null
  /** Run in order once the commit is durable. */
  readonly effects: (() => void)[]
}

/** An empty turn. */
export function newTurn(at: number): Turn {
  return {
    at,
    records: [],
    specs: [],
    edges: [],
    apps: [],
    actors: new Map(),
    forgottenActors: [],
    submissions: [],
    settledBlocks: [],
    settledChanges: [],
    forgottenApps: [],
    assignments: new Map(),
    parents: new Map(),
    kills: [],
    takeBacks: [],
    recalls: [],
    killGraceMs: null,
    effects: [],
  }
}

/** Decides: applies a record to the site and writes it into the turn. */
export function decide(site: Site, turn: Turn, record: JournalRecord, sink: Sink): void {
  applyRecord(site, turn.at, record, sink)
  turn.records.push(record)
}

/** True when there is anything to write. */
export function hasDecisions(turn: Turn): boolean {
  return (
    turn.records.length > 0 ||
    turn.specs.length > 0 ||
    turn.apps.length > 0 ||
    turn.forgottenApps.length > 0 ||
    turn.actors.size > 0 ||
    turn.forgottenActors.length > 0 ||
    turn.submissions.length > 0
  )
}

/** What the store writes for the turn. */
export function commitOf(turn: Turn, seq: number): TurnCommit {
  return {
    seq,
    at: turn.at,
    body: encodeRecords(turn.records),
    specs: turn.specs,
    edges: turn.edges,
    apps: turn.apps,
    actors: [...turn.actors.values()],
    forgottenActors: turn.forgottenActors,
    submissions: turn.submissions,
    settledBlocks: turn.settledBlocks,
    settledChanges: turn.settledChanges,
    forgottenApps: turn.forgottenApps,
  }
}
