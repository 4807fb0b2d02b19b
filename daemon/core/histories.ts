// The histories of many jobs, page by page: for reports and plots. Reads only.
import type { JobHistory } from '../../protocol/calls.ts'
import { fault } from '../../protocol/faults.ts'
import type { JobFilter, JobId, JobRequest } from '../../protocol/job.ts'
import type { ListedJob } from '../store/store.ts'
import type { Core } from './core.ts'
import { viewSite } from './reads.ts'
import { fromStore } from './stored-json.ts'
import { attemptsOf, historyOf, itemOf, recordsOf, type ViewSite } from './views.ts'

/** Histories computed between two looks at the event loop: some ms. */
const pageJobs = 200

/** The history of every job that matches, in order of id. */
export async function* listHistories(
  core: Core,
  filter: JobFilter,
): AsyncGenerator<readonly JobHistory[], void, undefined> {
  await core.settled()
  const site = viewSite(core)
  let after: JobId | null = 0
  while (after !== null) {
    // Nobody asks how many there are in all, so they are not counted.
    const page = await core.store.query(filter, {
      after,
      limit: pageJobs,
      total: Number.MAX_SAFE_INTEGER,
      withBodies: true,
    })
    if (after === 0 && page.jobs.length === 0) throw fault('NOTHING_MATCHED')
    yield page.jobs.map((job) => historyLine(site, job))
    after = page.next
  }
}

function historyLine(site: ViewSite, job: ListedJob): JobHistory {
  const { id, name, workflow, application } = itemOf(job)
  const request = fromStore<JobRequest>(job.body ?? '{}')
  const records = recordsOf(job)
  return {
    id,
    name,
    workflow,
    application,
    num_nodes: request.resources.numNodes ?? 1,
    history: historyOf(request, records),
    attempts: attemptsOf(site, records),
  }
}
