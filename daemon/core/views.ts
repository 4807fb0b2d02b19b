// From rows and specs to what users are shown. Reads only.
import { join } from 'node:path'
import { history } from '../../machines/history.ts'
import type { JobFacts } from '../../machines/job.ts'
import type {
  AttemptView,
  HistoryEntry,
  JobDetail,
  JobItem,
  JobRequest,
} from '../../protocol/job.ts'
import { stateOf } from '../../protocol/states.ts'
import type { Kin, ListedJob } from '../store/store.ts'
import { shapeOf } from './shape.ts'
import { factsOf } from './steps.ts'
import { fromStore } from './stored-json.ts'
import { appOf, argvOf, jobName, type TemplateSite, workdirOf } from './template.ts'

/** A line of a list. */
export function itemOf(job: ListedJob): JobItem {
  const { row, span, spec } = job
  const array = spec.arrayFirst === null ? null : { first: spec.arrayFirst, last: 0 }
  return {
    id: job.id,
    name: jobName({ name: spec.name, array }, spec.lo, job.id),
    workflow: spec.workflow,
    application: spec.app,
    state: stateOf(row?.state ?? span?.state ?? 0),
    attempts: row?.attempts ?? 0,
    started_at: isoOf(row?.startedAt ?? null),
    ended_at: isoOf(row?.endedAt ?? null),
    return_code: row?.code ?? null,
    signal: row?.signal ?? null,
  }
}

/** What views need besides the job. */
export interface ViewSite extends TemplateSite {
  nodeOf(launcherId: number): string
}

const none = { ids: [], total: 0 }
const alone: Kin = { parents: none, children: none }

/** Everything about one job. */
export function detailOf(
  site: ViewSite,
  job: ListedJob & { readonly body: string },
  kin: Kin = alone,
): JobDetail {
  const request = fromStore<JobRequest>(job.body)
  const { lo } = job.spec
  const item = itemOf(job)
  const index = request.array === null ? null : request.array.first + job.id - lo
  const directory = workingDirectory(site, request, item)
  const records = recordsOf(job)
  const fill = (word: string): string =>
    index === null ? word : word.replaceAll('{i}', String(index))
  return {
    ...item,
    schema: 'balsam.job/1',
    description: request.description,
    argv: argvOf(request, appOf(site, request)).map(fill),
    environment: { ...appOf(site, request)?.environment, ...request.environment },
    resources: request.resources,
    priority: request.priority,
    max_retries: request.maxRetries,
    array_index: index,
    working_directory: directory,
    output_file: outputFile(request, item, index, directory),
    parents: kin.parents.ids,
    parents_total: kin.parents.total,
    children: kin.children.ids,
    children_total: kin.children.total,
    history: historyOf(request, records),
    attempt_list: attemptsOf(site, records),
    tags: request.tags ?? {},
    data: request.data ?? {},
    request,
  }
}

/** Where the job's task runs. */
export function workingDirectory(
  site: TemplateSite,
  request: JobRequest,
  item: Pick<JobItem, 'id' | 'name'>,
): string {
  return workdirOf(site, request, item.name, item.id)
}

/** A history record as stored: time in ms, event, arguments. */
export type HistoryRecord = readonly [number, string, ...(string | number)[]]

/** The history records of a job. */
export function recordsOf(job: ListedJob): readonly HistoryRecord[] {
  return fromStore(job.row?.log ?? job.span?.log ?? '[]')
}

/** The public history out of records. */
export function historyOf(request: JobRequest, records: readonly HistoryRecord[]): HistoryEntry[] {
  const readFacts = (facts: string): JobFacts => factsOf({ facts })
  const steps = history(records, factsOf(shapeOf(request)), readFacts)
  const { spawnedBy } = request
  return steps.map(({ atMs, state, message }, index) => ({
    at: new Date(atMs).toISOString(),
    state,
    // Who made it is in its request, not in its records.
    message: index === 0 && spawnedBy !== undefined ? `spawned by job ${spawnedBy}` : message,
  }))
}

function outputFile(
  request: JobRequest,
  item: JobItem,
  index: number | null,
  directory: string,
): string | null {
  const { output } = request
  if (output.to === 'none') return null
  if (output.to === 'workdir') return join(directory, `${item.name}.out`)
  return output.file
    .replaceAll('{id}', String(item.id))
    .replaceAll('{name}', item.name)
    .replaceAll('{i}', index === null ? '{i}' : String(index))
}

const outcomes: Readonly<Record<string, AttemptView['outcome']>> = {
  ATTEMPT_SUCCEEDED: 'succeeded',
  ATTEMPT_FAILED: 'failed',
  ATTEMPT_FAILED_FOR_GOOD: 'failed',
  ATTEMPT_TIMED_OUT: 'timed_out',
  ATTEMPT_KILLED: 'killed',
  ATTEMPT_LOST: 'lost',
}

/** The attempts of a job, from its records. Withdrawn leases never ran and are not shown. */
export function attemptsOf(
  site: Pick<ViewSite, 'nodeOf'>,
  records: readonly HistoryRecord[],
): AttemptView[] {
  const attempts: AttemptView[] = []
  let version = 1
  for (const [atMs, event, ...args] of records) {
    if (event === 'MODIFIED') version += 1
    if (event === 'LEASED') attempts.push(leased(site, attempts.length + 1, version, args))
    if (event === 'WITHDRAWN') attempts.pop()
    const last = attempts.at(-1)
    if (last === undefined) continue
    const outcome = outcomes[event]
    if (event === 'ATTEMPT_STARTED') {
      attempts[attempts.length - 1] = { ...last, outcome: 'running', started_at: isoOf(atMs) }
    } else if (outcome !== undefined)
      attempts[attempts.length - 1] = ended(last, outcome, atMs, args)
  }
  return attempts
}

function leased(
  site: Pick<ViewSite, 'nodeOf'>,
  attempt: number,
  version: number,
  args: readonly (string | number)[],
): AttemptView {
  const [token = 0, launcher = 0] = args.map(Number)
  return {
    attempt,
    spec_version: version,
    token,
    launcher,
    node: site.nodeOf(launcher),
    outcome: 'leased',
    started_at: null,
    ended_at: null,
    return_code: null,
    signal: null,
    reason: '',
    wall_s: null,
    user_s: null,
    system_s: null,
    max_rss_kib: null,
    is_rss_below: false,
  }
}

function ended(
  attempt: AttemptView,
  outcome: AttemptView['outcome'],
  atMs: number,
  args: readonly (string | number)[],
): AttemptView {
  const [code = -1, signal = 0, wallMs = 0, userMs = 0, systemMs = 0, rssKiB = 0] = args.map(Number)
  return {
    ...attempt,
    outcome,
    ended_at: isoOf(atMs),
    return_code: code >= 0 ? code : null,
    signal: signal > 0 ? signal : null,
    reason: String(args[7] ?? ''),
    wall_s: wallMs / 1_000,
    user_s: userMs / 1_000,
    system_s: systemMs / 1_000,
    max_rss_kib: rssKiB === 0 ? null : Math.abs(rssKiB),
    is_rss_below: rssKiB < 0,
  }
}

/** ISO 8601 UTC of milliseconds since 1970, or null. */
export function isoOf(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString()
}
