// Reaps: takes the end of a child from the kernel with what it used.
// Must only be asked for children, and each end is given once.
import { constants } from 'node:os'
import type { Ending } from '../backend.ts'
import type { Libc } from './libc.ts'
import { makeBlock } from './memory.ts'

const doNotWait = 1
const statusBytes = 8
const usageBytes = 144
/** Kernel counters of memory are summed lazily and may differ by this much between two looks. */
const rssSlackKiB = 1024

/** The end of a child. */
export interface Reaped {
  readonly pid: number
  readonly ending: Ending
}

/** Reaps. */
export interface Reaper {
  /** The end of this child, or of any with −1; null: none has ended; 'none': there is no child. */
  reap(pid: number): Reaped | null | 'none'
}

/** A reaper of this process's children. */
export function makeReaper(libc: Libc): Reaper {
  const { words, address } = makeBlock(libc, statusBytes + usageBytes)
  const usage = statusBytes / 4
  const word = (index: number): number => words[index] ?? 0
  let ownPeakKiB = 0

  const ms = (index: number): number => Math.round(word(index) * 1000 + word(index + 2) / 1000)
  /** The kernel carries the peak of the spawner over into its children's. */
  const isBelow = (peakKiB: number): boolean => {
    if (peakKiB > ownPeakKiB) {
      const kept = words.slice()
      libc.getrusage(0, address + statusBytes)
      ownPeakKiB = word(usage + 8) + rssSlackKiB
      words.set(kept)
    }
    return peakKiB <= ownPeakKiB
  }
  const hasLeftovers = (pid: number): boolean => {
    if (libc.kill(-pid, 0) < 0) return false
    // Adopted zombies are no leftovers.
    while (libc.wait4(-pid, 0, doNotWait, 0) > 0);
    return libc.kill(-pid, 0) === 0
  }

  return {
    reap(pid) {
      const found = libc.wait4(pid, address, doNotWait, address + statusBytes)
      if (found === 0) return null
      if (found < 0) return libc.errno() === constants.errno.ECHILD ? 'none' : null
      const status = word(0)
      const signal = status & 0x7f
      const maxRssKiB = word(usage + 8)
      const ending = {
        code: signal === 0 ? (status >> 8) & 0xff : null,
        signal: signal === 0 ? null : signal,
        userMs: ms(usage),
        systemMs: ms(usage + 4),
        maxRssKiB,
        isRssBelow: isBelow(maxRssKiB),
        hasLeftovers: hasLeftovers(found),
      }
      return { pid: found, ending }
    },
  }
}
