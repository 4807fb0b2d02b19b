// Ends what is marked and should not live: looks, kills, and looks again until nothing is found.
// Must never kill a process without having read its marker in the same look.
import type { Clock } from '../../../protocol/ports.ts'
import type { MarkedProcess } from './processes.ts'
import { markedProcesses, signalProcess } from './processes.ts'

/** A killed process is gone within milliseconds, unless it hangs in the kernel. */
const lookMs = 20
const looksMax = 250

/** Kills every process of the allocation that `isUnwanted`; resolves with how many are left. */
export async function sweep(
  marker: string,
  isUnwanted: (found: MarkedProcess) => boolean,
  clock: Clock,
): Promise<number> {
  let left: MarkedProcess[] = []
  for (let look = 0; look < looksMax; look++) {
    left = markedProcesses(marker).filter((found) => isUnwanted(found))
    if (left.length === 0) return 0
    for (const found of left) signalProcess(found, 'SIGKILL')
    await new Promise<void>((resolve) => {
      clock.after(lookMs, resolve)
    })
  }
  return left.length
}
