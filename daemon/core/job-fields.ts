// The columns of a list that users ask for by name, from a job as stored. Says the same as the
// columns of daemon/store/queries, which conditions and orders are about.
import type { JobRequest } from '../../protocol/job.ts'
import { requestField } from '../../protocol/query.ts'
import { stateOf } from '../../protocol/states.ts'
import type { ListedJob } from '../store/store.ts'
import { fromStore } from './stored-json.ts'
import { type HistoryRecord, isoOf, itemOf, type ViewSite, workingDirectory } from './views.ts'

/** The values of these columns; null where there is nothing. */
export function fieldsOf(
  site: ViewSite,
  job: ListedJob,
  fields: readonly string[],
): Record<string, unknown> {
  const request = fromStore<JobRequest>(job.body ?? '{}')
  const values: Record<string, unknown> = {}
  for (const field of fields) values[field] = valueAt(site, job, request, field) ?? null
  return values
}

type Value = (request: JobRequest) => unknown

const words = (list: readonly string[] | null | undefined): string => (list ?? []).join(' ')

const ofRequest: Readonly<Record<string, Value>> = {
  priority: (request) => request.priority,
  description: (request) => request.description,
  args: (request) => request.args,
  command: (request) => words(request.command),
  num_nodes: (request) => request.resources.numNodes ?? 1,
  ranks_per_node: (request) => request.resources.ranksPerNode ?? 1,
  threads_per_rank: (request) => request.resources.threadsPerRank ?? 1,
  threads_per_core: (request) => request.resources.threadsPerCore ?? 1,
  cpu_affinity: (request) => request.resources.cpuAffinity ?? 'none',
  cpus: (request) => request.resources.cpus,
  gpus: (request) => request.resources.gpus ?? 0,
  memory_mib: (request) => request.resources.memoryMiB,
  coschedule_num_nodes: (request) => request.resources.coscheduleNumNodes ?? 0,
  node_packing_count: (request) => request.resources.nodePackingCount,
  wall_time_minutes: (request) => request.wallTimeMinutes,
  max_retries: (request) => request.maxRetries,
  wait_for_parents: (request) => request.waitForParents ?? true,
  post_error_handler: (request) => request.postErrorHandler ?? false,
  post_timeout_handler: (request) => request.postTimeoutHandler ?? false,
  auto_timeout_retry: (request) => request.autoTimeoutRetry ?? true,
  input_files: (request) => words(request.inputFiles),
  stage_in_url: (request) => request.stageInUrl ?? '',
  stage_out_url: (request) => request.stageOutUrl ?? '',
  stage_out_files: (request) => words(request.stageOutFiles),
  user_workdir: (request) => request.userWorkdir ?? '',
  environment: (request) => request.environment,
  tags: (request) => request.tags ?? {},
  data: (request) => request.data ?? {},
}

function valueAt(site: ViewSite, job: ListedJob, request: JobRequest, field: string): unknown {
  if (Object.hasOwn(ofRequest, field)) return ofRequest[field]?.(request)
  const { row, spec } = job
  switch (field) {
    case 'id':
      return job.id
    case 'name':
      return itemOf(job).name
    case 'workflow':
      return spec.workflow
    case 'application':
      return spec.app
    case 'state':
      return stateOf(row?.state ?? job.span?.state ?? 0)
    case 'attempts':
      return row?.attempts ?? 0
    case 'started_at':
      return isoOf(row?.startedAt ?? null)
    case 'ended_at':
      return isoOf(row?.endedAt ?? null)
    case 'return_code':
      return row?.code
    case 'signal':
      return row?.signal
    case 'node':
      return nodeOf(site, job)
    case requestField:
      return request
    case 'working_directory':
      return workingDirectory(site, request, itemOf(job))
    default:
      return atPath(request, field)
  }
}

/** Node of the latest lease. */
function nodeOf(site: ViewSite, { row }: ListedJob): string | null {
  const records = fromStore<readonly HistoryRecord[]>(row?.log ?? '[]')
  const lease = records.findLast(([, event]) => event === 'LEASED')
  return lease === undefined ? null : site.nodeOf(Number(lease[3]))
}

/** `tags.NAME` (a name may hold dots) or a path into the data, by keys and indices. */
function atPath(request: JobRequest, field: string): unknown {
  const [root, ...keys] = field.split('.')
  if (root === 'tags') return request.tags?.[keys.join('.')]
  let value: unknown = request.data
  for (const key of keys) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return null
    // An object or a list of the user's, looked into by what it has.
    value = (value as Readonly<Record<string, unknown>>)[key]
  }
  return value
}
