// The TypeScript client: every call of a site's daemon as a typed function.
// Must never hold jobs in memory beyond a page: lists and submissions stream.

import type {
  AllocationItem,
  AllocationRequest,
  DaemonStatus,
  EdgesReceipt,
  ForeignLauncherGrant,
  ForeignLauncherRequest,
  JobEdge,
  JobHistory,
  JobPage,
  JobQueryRequest,
  KillReceipt,
  LauncherItem,
  ListOf,
  ModifyReceipt,
  ModifyRequest,
  RemoveReceipt,
  RetryReceipt,
  RetryRequest,
  SiteEvent,
  StoreCheck,
  Tally,
  WaitProgress,
  WorkflowItem,
  WorkflowPage,
} from '../../protocol/calls.ts'
import { idempotencyHeader, paths } from '../../protocol/calls.ts'
import type {
  AppSpec,
  JobDetail,
  JobFilter,
  JobId,
  JobInput,
  JobItem,
  SubmissionReceipt,
} from '../../protocol/job.ts'
import { limits } from '../../protocol/limits.ts'
import type { Exchange } from './exchange.ts'
import { filterQuery } from './filter-query.ts'
import type { Environment } from './find-site.ts'
import { findSite } from './find-site.ts'
import { randomHex } from './random.ts'
import type { Session } from './session.ts'
import { openSession } from './session.ts'
import { ensureSite } from './site.ts'

/** A page of a list: the jobs after this id, at most so many. */
export interface PageRequest {
  readonly after?: JobId
  readonly limit?: number
}

/** Requests of a submission: an array, or a source, read as fast as the daemon takes them. */
export type JobRequests = Iterable<JobInput> | AsyncIterable<JobInput>

/** The daemon of one site. Every function rejects with a Fault. */
export interface Balsam {
  /** Absolute path of the site. */
  readonly site: string
  status(): Promise<DaemonStatus>
  /** Deep check of the database; may take a while. */
  check(): Promise<StoreCheck>
  apps(): Promise<readonly AppSpec[]>
  addApp(app: AppSpec): Promise<AppSpec>
  /** Makes the app, or puts it in the place of the one of that name. */
  putApp(app: AppSpec): Promise<AppSpec>
  /** Refused while jobs that have not ended are of it, unless forced. */
  removeApp(name: string, isForced?: boolean): Promise<void>
  /**
   * Submits all or nothing. An array is sent again when the connection breaks, under a key that
   * keeps a job from being made twice; give a `key` to make repeats of your own harmless, too.
   */
  submit(requests: JobRequests, key?: string): Promise<SubmissionReceipt>
  jobs(filter?: JobFilter, page?: PageRequest): Promise<JobPage>
  /** A page with any condition, columns and order. */
  query(request: JobQueryRequest): Promise<JobPage>
  /** Every matching job, page by page. */
  allJobs(filter?: JobFilter): AsyncGenerator<JobItem, void, undefined>
  /** By id or unique name. */
  job(ref: JobId | string): Promise<JobDetail>
  tally(filter?: JobFilter): Promise<Tally>
  /** Every workflow with its jobs by state, by name. */
  workflows(): Promise<readonly WorkflowItem[]>
  /** The history of every matching job. */
  history(filter?: JobFilter): AsyncGenerator<JobHistory, void, undefined>
  /** What happens from now on, until the signal is aborted; lines may be left out (is_gap). */
  events(signal?: AbortSignal): AsyncGenerator<SiteEvent, void, undefined>
  /** Progress until all matching jobs have ended; aborting the signal ends it early. */
  wait(filter?: JobFilter, signal?: AbortSignal): AsyncGenerator<WaitProgress, void, undefined>
  /** `isRecursive`: with everything that waits for them. */
  kill(filter: JobFilter, graceMs?: number, isRecursive?: boolean): Promise<KillReceipt>
  /** Adds parents to jobs that have not started: all of them or none. */
  addDependencies(edges: readonly (readonly [parent: JobId, child: JobId])[]): Promise<EdgesReceipt>
  /** Every edge whose child matches, by child. */
  edges(filter?: JobFilter): AsyncGenerator<JobEdge, void, undefined>
  /** Changes all matching jobs, or none. */
  modify(request: ModifyRequest): Promise<ModifyReceipt>
  /** Runs ended jobs again, under the same ids. */
  retry(request: RetryRequest): Promise<RetryReceipt>
  remove(filter: JobFilter, isDryRun?: boolean): Promise<RemoveReceipt>
  allocations(): Promise<readonly AllocationItem[]>
  cancelAllocation(id: number): Promise<AllocationItem>
  submitLaunch(request: AllocationRequest): Promise<AllocationItem>
  launchers(): Promise<readonly LauncherItem[]>
  registerLauncher(request: ForeignLauncherRequest): Promise<ForeignLauncherGrant>
  /** Copies the live database to an absolute path that doesn't exist yet. */
  backup(file: string): Promise<{ readonly file: string; readonly bytes: number }>
  /** 'stop' also ends the site's local allocations; 'restart' leaves them running. */
  stop(mode: 'stop' | 'restart'): Promise<void>
  /** Closes idle connections. */
  close(): void
}

/** How to connect. */
export interface ConnectOptions {
  /** Environment that names the site and may forbid autostart; default: this process's. */
  readonly env?: Environment
}

/**
 * The client of a site: of this directory, else of the one that environment and working directory
 * name. The daemon is started with the first call when none runs. Throws SITE_MISSING.
 */
export function connect(site?: string, options: ConnectOptions = {}): Balsam {
  const env = options.env ?? process.env
  const chosen = findSite(site, env, process.cwd())
  const path = chosen.why === 'default' ? ensureSite(chosen.path) : chosen.path
  return balsamOver(openSession(path, env))
}

/** The client over an open session. */
export function balsamOver(session: Session): Balsam {
  const get = <T>(path: string, silenceMsMax?: number | null): Promise<T> =>
    session.call<T>({ ...calling('GET', path, silenceMsMax), isRepeatable: true })
  const post = <T>(path: string, body: object, isRepeatable = false): Promise<T> =>
    session.call<T>({
      ...calling('POST', path, null),
      body: JSON.stringify(body),
      isRepeatable,
    })
  const list = async <T>(path: string): Promise<readonly T[]> => (await get<ListOf<T>>(path)).items
  const jobs = (filter: JobFilter = {}, page: PageRequest = {}): Promise<JobPage> =>
    // Conditions may be longer than a URL.
    filter.where === undefined
      ? get(`${paths.jobs}${filterQuery(filter, pageQuery(page))}`)
      : post(paths.query, { filter, ...page }, true)

  return {
    site: session.site,
    status: () => get(paths.status),
    check: () => get(`${paths.check}?check=1`, null),
    apps: () => list(paths.apps),
    addApp: (app) => post(paths.apps, app),
    putApp: (app) =>
      session.call({
        ...calling('PUT', `${paths.app}${encodeURIComponent(app.name)}`, null),
        body: JSON.stringify(app),
        isRepeatable: true,
      }),
    removeApp: async (name, isForced = false) => {
      const path = `${paths.app}${encodeURIComponent(name)}${isForced ? '?force=1' : ''}`
      await session.call({ ...calling('DELETE', path, null), isRepeatable: false })
    },
    submit: (requests, key) => submit(session, requests, key),
    jobs,
    query: (request) => post(paths.query, request, true),
    async *allJobs(filter = {}) {
      for (let after: JobId | null = 0; after !== null; ) {
        const page: JobPage = await jobs(filter, { after, limit: limits.pageJobsMax })
        yield* page.items
        after = page.next
      }
    },
    job: (ref) => get(`${paths.job}${encodeURIComponent(String(ref))}`),
    tally: (filter = {}) => get(`${paths.tally}${filterQuery(filter)}`),
    async workflows() {
      const items: WorkflowItem[] = []
      for (let after: string | null = ''; after !== null; ) {
        const query = new URLSearchParams({ after })
        const page: WorkflowPage = await get(`${paths.workflows}?${query.toString()}`)
        items.push(...page.items)
        after = page.next
      }
      return items
    },
    async *wait(filter = {}, signal) {
      const call = {
        ...calling('GET', `${paths.wait}${filterQuery(filter)}`, null),
        ...(signal === undefined ? {} : { signal }),
        isRepeatable: true,
      }
      // Through a launcher a stream ends after its first line, and is asked for again.
      for (let isDone = false; !isDone; ) {
        for await (const progress of session.stream<WaitProgress>(call)) {
          isDone = progress.is_done
          yield progress
        }
      }
    },
    // Killing what is killed does nothing, so it may be said twice.
    kill: (filter, graceMs, isRecursive = false) =>
      post(
        paths.kill,
        {
          filter,
          ...(graceMs === undefined ? {} : { graceMs }),
          ...(isRecursive ? { isRecursive } : {}),
        },
        true,
      ),
    // What is there already is not added again.
    addDependencies: (edges) => post(paths.dependencies, { edges }, true),
    edges: (filter = {}) =>
      session.stream<JobEdge>({
        ...calling('POST', paths.edges, null),
        body: JSON.stringify({ filter }),
        // Begun anew it would tell the same edges again.
        isRepeatable: false,
      }),
    history: (filter = {}) =>
      session.stream<JobHistory>({
        ...calling('POST', paths.history, null),
        body: JSON.stringify({ filter }),
        isRepeatable: false,
      }),
    events: (signal) =>
      session.stream<SiteEvent>({
        ...calling('GET', paths.events, null),
        ...(signal === undefined ? {} : { signal }),
        isRepeatable: true,
      }),
    modify: (request) => post(paths.modify, request, request.isDryRun),
    retry: (request) => post(paths.retry, request, request.isDryRun),
    remove: (filter, isDryRun = false) => post(paths.remove, { filter, isDryRun }, isDryRun),
    allocations: () => list(paths.allocations),
    cancelAllocation: (id) => post(`${paths.allocation}${id}/cancel`, {}, true),
    submitLaunch: (request) => post(paths.allocations, request),
    launchers: () => list(paths.launchers),
    registerLauncher: (request) => post(paths.launchers, request),
    backup: (file) => post(paths.backup, { file }),
    stop: async (mode) => {
      await post(paths.stop, { mode })
    },
    close: () => session.close(),
  }
}

function calling(
  method: Exchange['method'],
  path: string,
  silenceMsMax: number | null | undefined,
): { method: Exchange['method']; path: string; silenceMsMax?: number | null } {
  return silenceMsMax === undefined ? { method, path } : { method, path, silenceMsMax }
}

function pageQuery(page: PageRequest): Record<string, number> {
  return {
    ...(page.after === undefined ? {} : { after: page.after }),
    ...(page.limit === undefined ? {} : { limit: page.limit }),
  }
}

async function submit(
  session: Session,
  requests: JobRequests,
  key: string | undefined,
): Promise<SubmissionReceipt> {
  // Only what can be read twice can be sent twice; then a key makes the second time harmless.
  const isRepeatable = Array.isArray(requests)
  const usedKey = key ?? (isRepeatable ? randomHex(16) : undefined)
  return session.call<SubmissionReceipt>({
    method: 'POST',
    path: paths.submissions,
    silenceMsMax: null,
    isRepeatable,
    headers: usedKey === undefined ? {} : { [idempotencyHeader]: usedKey },
    body: { [Symbol.asyncIterator]: () => jsonLines(requests) },
  })
}

async function* jsonLines(requests: JobRequests): AsyncGenerator<string, void, undefined> {
  for await (const request of requests) yield JSON.stringify(request)
}
