// The door of the core, as the links see it: everything that a call or a launcher may ask.
// Types only. What comes through it has been checked; what is refused comes back as a Fault.
import type {
  AllocationItem,
  AllocationRequest,
  DaemonStatus,
  EdgesReceipt,
  EdgesRequest,
  ForeignLauncherGrant,
  ForeignLauncherRequest,
  JobEdge,
  JobHistory,
  JobPage,
  JobQueryRequest,
  KillReceipt,
  LauncherItem,
  ModifyReceipt,
  ModifyRequest,
  RemoveReceipt,
  RetryReceipt,
  RetryRequest,
  SiteEvent,
  StoreCheck,
  Tally,
  WaitProgress,
  WorkflowPage,
} from '../../protocol/calls.ts'
import type {
  AppSpec,
  JobDetail,
  JobFilter,
  JobId,
  LeaseToken,
  SubmissionReceipt,
  SubmittedRequest,
} from '../../protocol/job.ts'
import type { FrameLink, FrameLinkHandlers } from '../../protocol/ports.ts'

/**
 * A submission on its way in. Nothing of it exists until `finish` resolves.
 * Exactly one of `finish` and `abandon` is called; after a `push` or `finish` that threw `abandon`
 * is called, too.
 */
export interface SubmissionWriter {
  /**
   * Takes requests in order; resolves when more may come (back-pressure).
   * Throws a Fault for a request that can't be: with the fact `index`, its place in this array, the
   * links tell the user the line.
   */
  push(requests: readonly SubmittedRequest[]): Promise<void>
  /**
   * Makes it all durable. `digest` is the sha256 (hex) of the content: with a key that was used
   * before, the same digest gives the earlier receipt, another one KEY_REUSED.
   */
  finish(digest: string): Promise<SubmissionReceipt>
  /** Forgets all of it. */
  abandon(): void
}

/** What hears of a wait. After `onEnd` nothing comes any more. */
export interface WaitListener {
  /** May be called as often as there is news; the link thins it out. is_done ends the wait. */
  onProgress(progress: WaitProgress): void
  /** The wait can't go on (the daemon stops, the filter matches nothing …). */
  onFault(error: unknown): void
}

/** Who is at the other end of a launcher's connection, as far as the transport proves it. */
export interface LauncherPeer {
  /**
   * The allocation whose key the peer holds (TLS-PSK); null on the local socket, where its hello
   * says it.
   */
  readonly allocationId: number | null
  /** True on the Unix socket: the peer runs on this host under this user. */
  readonly isLocal: boolean
}

/** A launcher's connection as the core holds it. */
export interface LauncherLink extends FrameLink {
  /**
   * Told by the core once the hello is checked and welcome: lifts the limits of an unknown peer.
   * A link that isn't accepted within limits.helloMsMax is closed.
   */
  accept(): void
}

/** The core's door. Every promise may reject with a Fault; anything else is a bug. */
export interface Door {
  status(): Promise<DaemonStatus>
  check(): Promise<StoreCheck>
  /** Resolves once everything is written; the caller is answered before the process ends. */
  stop(mode: 'stop' | 'restart'): Promise<void>

  apps(): Promise<readonly AppSpec[]>
  addApp(app: AppSpec): Promise<AppSpec>
  /** Makes the app, or puts it in the place of the one of that name. */
  putApp(app: AppSpec): Promise<AppSpec>
  /** APP_IN_USE while jobs that have not ended are of it, unless forced. */
  removeApp(name: string, isForced: boolean): Promise<void>

  beginSubmission(key: string | null): SubmissionWriter
  list(filter: JobFilter, after: JobId, limit: number): Promise<JobPage>
  query(request: JobQueryRequest): Promise<JobPage>
  /** By id or unique name. */
  job(ref: string): Promise<JobDetail>
  tally(filter: JobFilter): Promise<Tally>
  workflows(after: string, limit: number): Promise<WorkflowPage>
  /** The history of every job that matches, some at a time. */
  history(filter: JobFilter): AsyncIterable<readonly JobHistory[]>
  /** Tells what happens from now on; returns what ends it. */
  events(listener: (events: readonly SiteEvent[]) => void): () => void
  /** Returns what ends the wait early. */
  wait(filter: JobFilter, listener: WaitListener): () => void
  /** `isRecursive`: with everything that waits for them. */
  kill(filter: JobFilter, graceMs: number | null, isRecursive?: boolean): Promise<KillReceipt>
  /** Adds parents to jobs that have not started: all edges or none. */
  addDependencies(request: EdgesRequest): Promise<EdgesReceipt>
  /** Every edge whose child matches, some at a time. */
  edges(filter: JobFilter): AsyncIterable<readonly JobEdge[]>
  modify(request: ModifyRequest): Promise<ModifyReceipt>
  retry(request: RetryRequest): Promise<RetryReceipt>
  remove(filter: JobFilter, isDryRun: boolean): Promise<RemoveReceipt>

  allocations(): Promise<readonly AllocationItem[]>
  requestAllocation(request: AllocationRequest): Promise<AllocationItem>
  cancelAllocation(allocationId: number): Promise<AllocationItem>
  launchers(): Promise<readonly LauncherItem[]>
  registerForeign(request: ForeignLauncherRequest): Promise<ForeignLauncherGrant>
  /** A live copy of the database, at an absolute path that doesn't exist yet. */
  backup(file: string): Promise<{ readonly file: string; readonly bytes: number }>

  /** The door with the rights of a running task; FORBIDDEN when none holds this token. */
  forTask(token: LeaseToken): Door

  /** A launcher's connection stands; frames come to the returned handlers, hello first. */
  launcherConnected(link: LauncherLink, peer: LauncherPeer): FrameLinkHandlers
}
