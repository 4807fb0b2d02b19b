// Ends what is marked and should not live: looks, kills, and looks again until nothing is found.
// Must never kill a process without having read its marker in the same look.
import type { Clock } from '../../../protocol/ports.ts'
import type { MarkedProcess } from './processes.ts'
import { lookForAllocation, signalProcess } from './processes.ts'

/** A killed process is gone within milliseconds, unless it hangs in the kernel. */
const lookMs = 20
const looksMax = 250

/** Kills every process of the allocation that `isUnwanted`; resolves with how many are left. */
export async function sweep(
  marker: string,
  isUnwanted: (found: MarkedProcess) => boolean,
  clock: Clock,
): Promise<number> {
  let left = 0
  for (let look = 0; look < looksMax; look++) {
    const { found, hidden } = lookForAllocation(marker)
    const unwanted = found.filter((each) => isUnwanted(each))
    // Whose a hidden one is, the next look shows.
    left = unwanted.length + hidden.length
    if (left === 0) return 0
    for (const each of unwanted) signalProcess(each, 'SIGKILL')
    await new Promise<void>((resolve) => {
      clock.after(lookMs, resolve)
    })
  }
  return left
}
