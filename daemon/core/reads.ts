// Reads: after what was decided has reached the tables, they answer; nothing here decides.
import type { JobPage, Tally } from '../../protocol/calls.ts'
import { fault } from '../../protocol/faults.ts'
import type { JobDetail, JobFilter, JobId } from '../../protocol/job.ts'
import type { Core } from './core.ts'
import type { TemplateSite } from './template.ts'
import { detailOf, itemOf } from './views.ts'

/** Ids named in an error about an ambiguous name. */
const namedIdsMax = 5

/** A page of jobs. */
export async function listJobs(
  core: Core,
  filter: JobFilter,
  after: JobId,
  limit: number,
): Promise<JobPage> {
  await core.settled()
  const page = await core.store.list(filter, after, limit)
  return {
    schema: 'balsam.jobs/1',
    items: page.jobs.map(itemOf),
    total: page.total,
    truncated: page.next !== null,
    next: page.next,
  }
}

/** One job by id or by a name that only it has. */
export async function readJob(core: Core, ref: string): Promise<JobDetail> {
  await core.settled()
  const id = /^\d+$/.test(ref) ? Number(ref) : await idOfName(core, ref)
  const found = Number.isSafeInteger(id) ? await core.store.find(id) : null
  if (found === null) throw fault('JOB_UNKNOWN', { ref })
  const nodeOf = (launcher: number): string => core.site.launchers.get(launcher)?.facts.node ?? ''
  return detailOf({ ...templateSite(core), nodeOf }, found)
}

/** Counts by state. */
export async function tallyJobs(core: Core, filter: JobFilter): Promise<Tally> {
  await core.settled()
  const { total, states } = await core.store.counts(filter)
  return { schema: 'balsam.tally/1', total, states }
}

/** What templates and views need of the site. */
export function templateSite(core: Core): TemplateSite {
  return {
    siteDirectory: core.reign.siteDirectory,
    app: (name) => core.site.apps.get(name),
  }
}

async function idOfName(core: Core, name: string): Promise<JobId> {
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
