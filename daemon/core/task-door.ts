// The door for calls of a running task, with the right of its lease: it may look at everything of
// its site, add work, and change its own job and what came of it. Nothing else.
import { fault } from '../../protocol/faults.ts'
import type { JobFilter, JobId, LeaseToken } from '../../protocol/job.ts'
import { limits } from '../../protocol/limits.ts'
import type { Door } from '../links/door.ts'
import type { Core } from './core.ts'
import { strangerAmong } from './family.ts'
import { modifyJobs } from './modify.ts'

/** The door of the task with this token; FORBIDDEN when no running task holds it. */
export function taskDoor(core: Core, door: Door, token: LeaseToken): Door {
  const own = core.site.leases.get(token)?.id
  if (own === undefined) throw fault('FORBIDDEN', { what: 'the token is of no running task' })

  const closed = (what: string) => (): never => {
    throw fault('FORBIDDEN', { what: `a task may not ${what}` })
  }
  /** The same jobs by number, so that no other slips in between the look and the deed. */
  const ofFamily = async (filter: JobFilter): Promise<JobFilter> => {
    await core.settled()
    const ranges = await core.store.match(filter)
    await refuseStrangers(core, own, ranges)
    return ranges.length === 0 ? filter : { ranges }
  }

  return {
    ...door,
    beginSubmission(key) {
      const writer = door.beginSubmission(key)
      return {
        ...writer,
        push: (requests) =>
          writer.push(requests.map((request) => ({ ...request, spawnedBy: own }))),
      }
    },
    kill: async (filter, graceMs, isRecursive) =>
      door.kill(await ofFamily(filter), graceMs, isRecursive),
    // A reduction that waits is often older than the tasks that find out what it waits for.
    async addDependencies(request) {
      await core.settled()
      const children = [...new Set(request.edges.map(([, child]) => child))]
      await refuseStrangers(core, own, await beyondWorkflow(core, own, children))
      return door.addDependencies(request)
    },
    remove: async (filter, isDryRun) => door.remove(await ofFamily(filter), isDryRun),
    modify: async (request) =>
      modifyJobs(core, { ...request, filter: await ofFamily(request.filter) }, token),
    retry: async (request) => door.retry({ ...request, filter: await ofFamily(request.filter) }),
    removeApp: closed('remove apps'),
    stop: closed('stop the daemon'),
    requestAllocation: closed('ask for allocations'),
    cancelAllocation: closed('end allocations'),
    registerForeign: closed('register launchers'),
    backup: closed('copy the database'),
    launcherConnected: closed('be a launcher'),
  }
}

/** Those of these jobs that belong to other workflows than a task's own. */
async function beyondWorkflow(
  core: Core,
  own: JobId,
  ids: readonly JobId[],
): Promise<readonly (readonly [JobId, JobId])[]> {
  const specs = await core.store.specsOf([own, ...ids])
  const workflowOf = (id: JobId): string | undefined =>
    specs.find(({ lo, hi }) => lo <= id && id <= hi)?.workflow
  const workflow = workflowOf(own)
  return ids.filter((id) => workflowOf(id) !== workflow).map((id) => [id, id])
}

async function refuseStrangers(
  core: Core,
  own: JobId,
  ranges: readonly (readonly [first: JobId, last: JobId])[],
): Promise<void> {
  const count = ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0)
  const max = limits.taskCallJobsMax
  if (count > max) throw fault('TOO_MANY', { what: 'jobs of one call of a task', count, max })
  const ids = ranges.flatMap(([first, last]) =>
    Array.from({ length: last - first + 1 }, (_, index) => first + index),
  )
  const stranger = await strangerAmong(core, own, ids)
  if (stranger === null) return
  const what = `job ${stranger} neither is job ${own} nor came of it`
  throw fault('FORBIDDEN', { what })
}
