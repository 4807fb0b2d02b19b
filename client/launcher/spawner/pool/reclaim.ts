// Ends the tasks of a dead spawner, so that their attempts can be called lost.
// Must not return before they are dead: a new attempt may start right after. Must never signal a
// process that is not one of them.
import type { Clock, Log } from '../../../../protocol/ports.ts'
import type { Libc } from '../koffi/libc.ts'
import { loadLibc } from '../koffi/libc.ts'
import { signalHeld } from '../koffi/pidfd.ts'
import { sendSignal } from '../node/signals.ts'
import type { Marked } from '../processes.ts'
import { findMarked, isLiving, spawnerOf, taskMarkerOf } from '../processes.ts'

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
    const left = find(markers, journalFile)
    for (const one of left) kill(libc, one)
    empty = left.length === 0 ? empty + 1 : 0
    if (!hasComplained && clock.monotonicMs() - beganMs > complainMs) {
      hasComplained = true
      log.error('processes of a dead spawner do not die', { pids: left.map(({ pid }) => pid) })
    }
    if (empty < emptyLooks) await wait(clock, lookMs)
  }
}

function find(markers: ReadonlySet<string>, journalFile: string): Marked[] {
  const tasks = markers.size > 0 ? findMarked((marker) => markers.has(marker), taskMarkerOf) : []
  return [...tasks, ...findMarked((file) => file === journalFile, spawnerOf)]
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
