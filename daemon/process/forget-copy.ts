// A copied site holds the original's allocations:
// they are not ours. Their jobs go back to be run here.

import { storeAllocation } from '../core/allocation-state.ts'
import type { Core } from '../core/core.ts'
import { endLaunchers } from '../core/goodbye.ts'

/**
 * Gives up everything that another site's allocations held. They are known by their tokens, at each
 * start: the one that gave the copy its identity may have died before it came to this.
 */
export async function forgetCopiedAllocations(core: Core): Promise<void> {
  const isCopied = (token: string): boolean => !token.startsWith(`${core.reign.siteId}-`)
  const copied = [...core.allocations.values()].filter(
    ({ facts, isSettled }) => !isSettled && isCopied(facts.token),
  )
  if (copied.length === 0) return
  await core.loop.ask('forget copied allocations', (turn) => {
    for (const allocation of copied) {
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
