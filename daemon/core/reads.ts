// Reads: after what was decided has reached the tables, they answer; nothing here decides.
import type { JobPage, JobQueryRequest, Tally, WorkflowPage } from '../../protocol/calls.ts'
import { fault } from '../../protocol/faults.ts'
import type { JobDetail, JobFilter, JobId, JobItem } from '../../protocol/job.ts'
import { limits } from '../../protocol/limits.ts'
import type { ListedJob } from '../store/store.ts'
import type { Core } from './core.ts'
import { fieldsOf } from './job-fields.ts'
import { parentsOf } from './parent-fields.ts'
import type { TemplateSite } from './template.ts'
import { detailOf, itemOf, type ViewSite } from './views.ts'

/** Ids named in an error about an ambiguous name. */
const namedIdsMax = 5

/** A page of jobs. */
export async function listJobs(
  core: Core,
  filter: JobFilter,
  after: JobId,
  limit: number,
): Promise<JobPage> {
  return queryJobs(core, { filter, after, limit })
}

/** A page of jobs with any columns in any order. */
export async function queryJobs(core: Core, query: JobQueryRequest): Promise<JobPage> {
  const { filter = {}, fields = [], after = 0, limit = limits.pageJobsDefault } = query
  await core.settled()
  const total = after > 0 ? core.totals.get(filter, core.clock.monotonicMs()) : undefined
  const { order, offset } = query
  const page = await core.store.query(filter, {
    after,
    limit,
    withBodies: fields.length > 0,
    ...(order === undefined ? {} : { order }),
    ...(offset === undefined ? {} : { offset }),
    ...(total === undefined ? {} : { total }),
  })
  core.totals.put(filter, page.total, core.clock.monotonicMs())
  const isOrdered = order !== undefined || offset !== undefined
  return {
    schema: 'balsam.jobs/1',
    items: await itemsOf(core, page.jobs, fields),
    total: page.total,
    truncated: isOrdered ? (offset ?? 0) + page.jobs.length < page.total : page.next !== null,
    next: page.next,
  }
}

async function itemsOf(
  core: Core,
  jobs: readonly ListedJob[],
  fields: readonly string[],
): Promise<readonly JobItem[]> {
  if (fields.length === 0) return jobs.map(itemOf)
  const site = viewSite(core)
  const ids = fields.includes('parents') ? jobs.map(({ id }) => id) : []
  const parents = ids.length === 0 ? null : await parentsOf(core, ids)
  return jobs.map((job) => {
    const values = fieldsOf(site, job, fields)
    if (parents !== null) values['parents'] = parents.get(job.id) ?? []
    return { ...itemOf(job), fields: values }
  })
}

/** One job by id or by a name that only it has. */
export async function readJob(core: Core, ref: string): Promise<JobDetail> {
  await core.settled()
  const id = /^\d+$/.test(ref) ? Number(ref) : await idOfName(core, ref)
  const found = Number.isSafeInteger(id) ? await core.store.find(id) : null
  if (found === null) throw fault('JOB_UNKNOWN', { ref })
  const detail = detailOf(viewSite(core), found, await core.store.kin(id, limits.kinShownMax))
  return { ...detail, ...excludedNodes(core, detail.application) }
}

/** Nodes that an app is kept from, and why. */
function excludedNodes(
  { blackHoles, clock }: Core,
  app: string | null,
): Pick<JobDetail, 'excluded_nodes'> {
  const now = clock.monotonicMs()
  const found = app === null ? [] : blackHoles.exclusionsOf(app, now)
  if (found.length === 0) return {}
  return {
    excluded_nodes: found.map(({ node, untilMs, failures }) => ({
      node,
      until: new Date(clock.wallMs() + untilMs - now).toISOString(),
      reason: `${failures} jobs of ${app} in a row failed there at once, and not elsewhere`,
    })),
  }
}

/** Counts by state. */
export async function tallyJobs(core: Core, filter: JobFilter): Promise<Tally> {
  await core.settled()
  const { total, states } = await core.store.counts(filter)
  return { schema: 'balsam.tally/1', total, states }
}

/** What views need of the site. */
export function viewSite(core: Core): ViewSite {
  const nodeOf = (launcher: number): string => core.site.launchers.get(launcher)?.facts.node ?? ''
  return { ...templateSite(core), nodeOf }
}

/** A page of workflows: from the counts that are kept, so that a million jobs cost nothing. */
export async function listWorkflows(
  core: Core,
  after: string,
  limit: number,
): Promise<WorkflowPage> {
  await core.settled()
  const { items, total, isMore } = core.site.tallies.workflows(after, limit)
  const next = isMore ? (items.at(-1)?.workflow ?? null) : null
  return { schema: 'balsam.workflows/1', items, total, truncated: isMore, next }
}

/** What templates and views need of the site. */
export function templateSite(core: Core): TemplateSite {
  return {
    siteDirectory: core.reign.siteDirectory,
    app: (name) => core.site.apps.get(name),
  }
}

/** The job that alone has this name. The tables must show everything that matters. */
export async function idOfName(core: Core, name: string): Promise<JobId> {
  const page = await core.store.list({ name }, 0, namedIdsMax)
  const [first] = page.jobs
  if (first === undefined) throw fault('JOB_UNKNOWN', { ref: name })
  if (page.total === 1) return first.id
  const ids = page.jobs.map(({ id }) => id).join(', ')
  throw fault('JOB_AMBIGUOUS', {
    ref: name,
    count: page.total,
    ids: page.next === null ? ids : `${ids} …`,
  })
}
