// How a daemon ends: refuse new work, end allocations when asked to, write what is left, close.
// Every step has a bound; what is not done in time is for the next daemon.
import type { StopHow } from '../../machines/daemon.ts'
import { limits } from '../../protocol/limits.ts'
import { cancelAllocation } from '../core/allocations.ts'
import type { Core } from '../core/core.ts'

/** A stop waits this long beyond twice the grace of allocations, for the looks in between. */
const drainSlackMs = 5_000
const lookMs = 50

/**
 * Asks every living allocation of this host to end,
 * and waits until none lives or it takes too long.
 */
export async function drain(core: Core, how: StopHow): Promise<'drained' | 'overdue'> {
  core.isDraining = true
  if (how === 'restart') return 'drained'
  const living = (): number[] =>
    [...core.allocations.values()].filter((one) => !one.isSettled).map(({ id }) => id)
  for (const id of living()) await cancelAllocation(core, id, 'balsamd stop')
  const until = core.clock.monotonicMs() + 2 * core.killGraceMs + drainSlackMs
  while (living().length > 0) {
    if (core.clock.monotonicMs() > until) return 'overdue'
    await new Promise<void>((resolve) => core.clock.after(lookMs, resolve))
  }
  return 'drained'
}

/** Writes what is behind and closes the store. */
export async function closeCore(core: Core): Promise<void> {
  await core.settled()
  core.polling.stop()
  await core.loop.stop()
  await core.store.close()
}

/**
 * Stops a core that never came to serve: it decides nothing more. A commit that the disk refuses is
 * not waited for; nobody was told of it.
 */
export async function haltCore(core: Core): Promise<void> {
  core.polling.stop()
  const overdue = Promise.withResolvers<void>()
  const timer = core.clock.after(limits.callsCloseMsMax, () => overdue.resolve())
  await Promise.race([core.loop.stop(), overdue.promise])
  timer.cancel()
}
