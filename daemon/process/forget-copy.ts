// A copied site holds the original's allocations:
// they are not ours. Their jobs go back to be run here.

import { storeAllocation } from '../core/allocation-state.ts'
import type { Core } from '../core/core.ts'
import { endLaunchers } from '../core/goodbye.ts'

/** Gives up everything that the original's allocations held. */
export async function forgetCopiedAllocations(core: Core): Promise<void> {
  await core.loop.ask('forget copied allocations', (turn) => {
    for (const allocation of core.allocations.values()) {
      if (allocation.isSettled) continue
      allocation.isSettled = true
      endLaunchers(
        core,
        turn,
        allocation.id,
        'lost',
        "the site was copied; this allocation is the original's",
      )
      storeAllocation(turn, allocation)
    }
  })
}
