// Which jobs belong to a task: its own, and what came of it. Reads the tables; nothing is decided.

import type { JobId, JobRequest } from '../../protocol/job.ts'
import { limits } from '../../protocol/limits.ts'
import type { Core } from './core.ts'
import { fromStore } from './stored-json.ts'

/**
 * Of these jobs, the first that is neither `own` nor descends from it; null when all do. A job
 * descends from whoever spawned it and from its parents, directly or through others.
 */
export async function strangerAmong(
  core: Core,
  own: JobId,
  ids: readonly JobId[],
): Promise<JobId | null> {
  const elders = new Map<JobId, readonly JobId[]>()
  let level = ids.filter((id) => id !== own)
  while (level.length > 0 && elders.size <= limits.taskCallJobsMax) {
    for (const [id, above] of await eldersOf(core, level)) elders.set(id, above)
    const next = new Set(level.flatMap((id) => elders.get(id) ?? []))
    level = [...next].filter((id) => id !== own && !elders.has(id))
  }
  const family = descend(own, elders)
  return ids.find((id) => !family.has(id)) ?? null
}

/** Everything below `own`, given who stands above whom. */
function descend(own: JobId, elders: ReadonlyMap<JobId, readonly JobId[]>): ReadonlySet<JobId> {
  const below = new Map<JobId, JobId[]>()
  for (const [id, above] of elders) {
    for (const elder of above) {
      const known = below.get(elder)
      if (known === undefined) below.set(elder, [id])
      else known.push(id)
    }
  }
  const family = new Set([own])
  for (const id of family) for (const child of below.get(id) ?? []) family.add(child)
  return family
}

/** Who spawned each of these jobs, and their parents. */
async function eldersOf(
  core: Core,
  ids: readonly JobId[],
): Promise<readonly (readonly [JobId, readonly JobId[]])[]> {
  const specs = await core.store.specsOf(ids)
  const elders: (readonly [JobId, readonly JobId[]])[] = []
  for (const id of ids) {
    const spec = specs.find(({ lo, hi }) => lo <= id && id <= hi)
    const spawnedBy = spec === undefined ? undefined : fromStore<JobRequest>(spec.body).spawnedBy
    const { parents } = await core.store.kin(id, limits.kinShownMax)
    elders.push([id, spawnedBy === undefined ? parents.ids : [spawnedBy, ...parents.ids]])
  }
  return elders
}
