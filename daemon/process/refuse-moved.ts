// A site that was moved: fine once its allocations have ended, and refused while one lives. Its
// launchers and tasks have paths of the old place: what they say and write would go nowhere.
import { fault } from '../../protocol/faults.ts'
import type { Core } from '../core/core.ts'

/**
 * Throws SITE_MOVED while the scheduler has an allocation of a site that was at `from` before.
 * Run directories of those that have ended are found at the new place.
 */
export async function refuseMovedAlive(core: Core, from: string | null): Promise<void> {
  const open = [...core.allocations.values()].filter((allocation) => allocation.isLive())
  if (from === null || open.length === 0) return
  const answers = await core.services.poll(
    open.map(({ facts, live }) => ({ ...facts, schedulerId: live.context().schedulerId })),
  )
  const living = open.filter(({ id }) =>
    ['queued', 'running'].includes(answers.get(id)?.state ?? 'unknown'),
  )
  if (living.length === 0) return
  const ids = living.map(({ id }) => id).join(', ')
  throw fault('SITE_MOVED', { path: core.reign.siteDirectory, from, ids })
}
