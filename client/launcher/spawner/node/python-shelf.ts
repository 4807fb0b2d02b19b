// Idle workers, by what they can serve: the one that rested least is taken, the oldest ended.
// Must never keep a worker longer than its rest, nor more of them than a node can use.
import { availableParallelism } from 'node:os'
import { limits } from '../../../../protocol/limits.ts'
import type { Clock, Timer } from '../../../../protocol/ports.ts'
import type { PythonWorker } from './python-worker.ts'

/** The shelf. */
export interface Shelf {
  put(worker: PythonWorker): void
  /** Takes one out that serves this key. */
  take(key: string): PythonWorker | undefined
  remove(worker: PythonWorker): void
}

/** An empty shelf. */
export function makeShelf(clock: Clock): Shelf {
  const workersMax = Math.max(4, 2 * availableParallelism())
  /** Oldest first, with the monotonic ms since when they rest. */
  const resting = new Map<PythonWorker, number>()
  let timer: Timer | null = null

  const endOldest = (): void => {
    const [oldest] = resting.keys()
    if (oldest === undefined) return
    resting.delete(oldest)
    oldest.end()
  }
  const arm = (): void => {
    const [oldest] = resting.values()
    if (timer !== null || oldest === undefined) return
    const dueInMs = oldest + limits.pythonIdleMsMax - clock.monotonicMs()
    timer = clock.after(Math.max(0, dueInMs), () => {
      timer = null
      const [first] = resting.values()
      if (first !== undefined && first + limits.pythonIdleMsMax <= clock.monotonicMs()) endOldest()
      arm()
    })
  }

  return {
    put(worker) {
      resting.set(worker, clock.monotonicMs())
      if (resting.size > workersMax) endOldest()
      arm()
    },
    take(key) {
      const found = [...resting.keys()].findLast((worker) => worker.key === key)
      if (found !== undefined) resting.delete(found)
      return found
    },
    remove: (worker) => void resting.delete(worker),
  }
}
