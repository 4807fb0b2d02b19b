// Signals without koffi: to groups, and to processes found by marker.
// Must look who a process is right before each signal; without pidfds that leaves microseconds.
import { readdirSync } from 'node:fs'
import type { Marked } from '../processes.ts'
import { findMarked, isLiving, readProcess } from '../processes.ts'

const killSignal = 9

/** Sends a signal to a pid, or with a negative number to a group; false when nobody is there. */
export function sendSignal(pid: number, signal: number): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}

/** Kills all living processes of a group. */
export function killGroup(group: number): void {
  for (const name of readdirSync('/proc')) {
    const pid = Number(name)
    if (!Number.isInteger(pid) || readProcess(pid)?.group !== group) continue
    sendSignal(pid, killSignal)
  }
}

/** Signals those with a marker that are in none of the groups. */
export function signalMarked(
  markers: ReadonlySet<string>,
  signal: number,
  exceptGroups: ReadonlySet<number>,
): readonly Marked[] {
  return findMarked((marker) => markers.has(marker)).filter(
    ({ pid, startTime, group }) =>
      !exceptGroups.has(group) && isLiving(pid, startTime) && sendSignal(pid, signal),
  )
}
