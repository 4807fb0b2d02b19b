// The parents of jobs that a turn leases, for their environment and for the files that they take
// over. Read from the tables while the commit is under way, and only for jobs that have parents.

import type { JobId } from '../../protocol/job.ts'
import { limits } from '../../protocol/limits.ts'
import type { Core } from './core.ts'
import { stepIn } from './job-steps.ts'
import type { OpenJob } from './open-job.ts'
import { templateSite } from './reads.ts'
import type { ParsedSpec } from './spec-cache.ts'
import { fromStore } from './stored-json.ts'
import { jobName, workdirOf } from './template.ts'
import type { Turn } from './turn.ts'

/** A job's parents as its tasks are told of them. */
export interface JobParents {
  /** In order of id, not more than limits.parentsNamedMax. */
  readonly ids: readonly JobId[]
  readonly total: number
  /** Their working directories, where files are to be linked from them. */
  readonly directories: ReadonlyMap<JobId, string>
}

/** Parents by job, of those that have any. */
export type TurnParents = ReadonlyMap<JobId, JobParents>

const noParents: TurnParents = new Map()

/** Reads the parents of jobs; `written` resolves when the turn's own edges are in the tables. */
export async function parentsOf(
  core: Core,
  turn: Turn,
  jobs: readonly OpenJob[],
  written: Promise<void>,
): Promise<TurnParents> {
  const asked = jobs.filter((job) => mayHaveParents(job, core.specs.get(job.spec)))
  if (asked.length === 0) return noParents
  if (turn.edges.length > 0 || turn.settledBlocks.length > 0) await written
  const edges = await core.store.edgesInto(asked.map(({ id }) => [id, id] as const))
  const found = new Map<JobId, JobParents>()
  for (const job of asked) {
    const above = new Set<JobId>()
    let total = 0
    for (const { child, childLast, parent, parentLast } of edges) {
      if (job.id < child || job.id > childLast) continue
      total += parentLast - parent + 1
      for (let id = parent; id <= parentLast && above.size < limits.parentsNamedMax; id += 1) {
        above.add(id)
      }
    }
    for (const parent of core.site.lateParents.get(job.id) ?? []) {
      if (above.has(parent) || above.size >= limits.parentsNamedMax) continue
      above.add(parent)
      total += 1
    }
    if (total === 0) continue
    const ids = [...above].sort((one, other) => one - other)
    const directories = takesFiles(core, job) ? await placesOf(core, ids) : new Map()
    found.set(job.id, { ids, total, directories })
  }
  return found
}

/** Parents named with the job are noted in its spec, later ones in its history. */
function mayHaveParents(job: OpenJob, spec: ParsedSpec | undefined): boolean {
  return spec?.request.waitForParents !== undefined || job.log.includes('"PARENTS_')
}

function takesFiles(core: Core, job: OpenJob): boolean {
  const isStageIn = stepIn(job.step)?.kind === 'stageIn'
  return isStageIn && (core.specs.get(job.spec)?.request.inputFiles?.length ?? 0) > 0
}

async function placesOf(core: Core, ids: readonly JobId[]): Promise<Map<JobId, string>> {
  const places = new Map<JobId, string>()
  const site = templateSite(core)
  const specs = await core.store.specsOf(ids)
  for (const { lo, hi, body } of specs) {
    const request = fromStore<ParsedSpec['request']>(body)
    for (const id of ids) {
      if (lo <= id && id <= hi)
        places.set(id, workdirOf(site, request, jobName(request, lo, id), id))
    }
  }
  return places
}
