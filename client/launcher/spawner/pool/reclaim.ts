// Ends the tasks of a dead spawner, so that their attempts can be called lost.
// Must not return before they are dead: a new attempt may start right after. Must never signal a
// process that is not one of them.
import type { Clock, Log } from '../../../../protocol/ports.ts'
import type { Libc } from '../koffi/libc.ts'
import { loadLibc } from '../koffi/libc.ts'
import { signalHeld } from '../koffi/pidfd.ts'
import { sendSignal } from '../node/signals.ts'
import type { Marked, MarkedLook } from '../processes.ts'
import { isLiving, lookForMarked, spawnerOf, taskMarkerOf } from '../processes.ts'

const killSignal = 9
/** Between two looks; a killed process is usually gone at the next. */
const lookMs = 10
/** A process that stays this long hangs in the kernel: people should know. */
const complainMs = 10_000
/** Looks that must find nothing: a fork may have slipped through one. */
const emptyLooks = 2

/** Kills everything of these task markers and of this spawner, and waits until nothing is left. */
export async function reclaim(
  markers: ReadonlySet<string>,
  journalFile: string,
  clock: Clock,
  log: Log,
): Promise<void> {
  const libc = await libcOrNull()
  const beganMs = clock.monotonicMs()
  let hasComplained = false
  for (let empty = 0; empty < emptyLooks; ) {
    const { found, hidden } = look(markers, journalFile)
    for (const one of found) kill(libc, one)
    // Whose a hidden one is, a later look shows; one that hangs in the kernel shows it never.
    const isEmpty = found.length === 0 && (hidden.length === 0 || hasComplained)
    empty = isEmpty ? empty + 1 : 0
    if (!isEmpty && !hasComplained && clock.monotonicMs() - beganMs > complainMs) {
      hasComplained = true
      const pids = found.map(({ pid }) => pid)
      const unknown = hidden.map(({ pid }) => pid)
      log.error('processes of a dead spawner do not die', { pids, unknown })
    }
    if (empty < emptyLooks) await wait(clock, lookMs)
  }
}

function look(markers: ReadonlySet<string>, journalFile: string): MarkedLook {
  const own = lookForMarked((file) => file === journalFile, spawnerOf)
  if (markers.size === 0) return own
  // After the other: what leaves its spawner's environment meanwhile has its own by now.
  const tasks = lookForMarked((marker) => markers.has(marker), taskMarkerOf)
  return { found: [...own.found, ...tasks.found], hidden: [...own.hidden, ...tasks.hidden] }
}

function kill(libc: Libc | null, { pid, startTime }: Marked): void {
  const isRight = (): boolean => isLiving(pid, startTime)
  if (libc !== null) signalHeld(libc, pid, killSignal, isRight)
  else if (isRight()) sendSignal(pid, killSignal)
}

async function libcOrNull(): Promise<Libc | null> {
  try {
    return await loadLibc()
  } catch {
    return null
  }
}

/** Waits by the clock. */
export function wait(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(ms, resolve)
  })
}
