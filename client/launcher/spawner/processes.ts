// Processes as /proc shows them: who one is, and which carry the marker of a task.
// Must never take a zombie for a living process, nor this one for a task.
import { readdirSync, readFileSync } from 'node:fs'
import { taskMarkerVariable } from '../../../protocol/allocation-file.ts'

/** One living process. */
export interface ProcessView {
  /** Field 22 of /proc/PID/stat. */
  readonly startTime: number
  readonly group: number
}

/** A living process of a task. */
export interface Marked {
  readonly pid: number
  readonly startTime: number
  readonly group: number
  readonly marker: string
}

/** A process in whose environment a variable is set. */
export type MarkerOf = (pid: number) => string | null

/** The id of this boot; it changes when the machine restarts. */
export function readBootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
}

/** A living process; null when there is none of that pid, or only its zombie. */
export function readProcess(pid: number): ProcessView | null {
  const text = readOrNull(`/proc/${pid}/stat`)?.toString('latin1')
  if (text === undefined) return null
  // The name stands in parentheses and may hold anything, parentheses too.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const state = fields[0] ?? ''
  if (state === 'Z' || state === 'X' || state === 'x') return null
  return { startTime: Number(fields[19]), group: Number(fields[2]) }
}

/** Does exactly this process of this boot live? */
export function isLiving(pid: number, startTime: number): boolean {
  return readProcess(pid)?.startTime === startTime
}

/** All living processes of this user whose marker is meant. Reads all of /proc: some ms. */
export function findMarked(
  isMeant: (marker: string) => boolean,
  markerOf: MarkerOf = taskMarkerOf,
): Marked[] {
  const found: Marked[] = []
  for (const name of readdirSync('/proc')) {
    const pid = Number(name)
    if (!Number.isInteger(pid) || pid === process.pid) continue
    const marker = markerOf(pid)
    if (marker === null || !isMeant(marker)) continue
    const view = readProcess(pid)
    if (view !== null) found.push({ pid, marker, ...view })
  }
  return found
}

/** Reads a variable of other processes: null when it is not set, or the process is not ours. */
export function makeMarkerOf(variable: string): MarkerOf {
  const first = Buffer.from(`${variable}=`)
  const inner = Buffer.from(`\0${variable}=`)
  return (pid) => {
    const environment = readOrNull(`/proc/${pid}/environ`)
    if (environment === null) return null
    let at = first.length
    if (!environment.subarray(0, first.length).equals(first)) {
      const before = environment.indexOf(inner)
      if (before < 0) return null
      at = before + inner.length
    }
    const end = environment.indexOf(0, at)
    return environment.toString('utf8', at, end < 0 ? environment.length : end)
  }
}

/** The task that a process belongs to. */
export const taskMarkerOf: MarkerOf = makeMarkerOf(taskMarkerVariable)

/**
 * Names its journal in the environment of every spawner. A child that has not executed its command
 * yet shows the environment of its spawner: so it is found when the spawner dies in that moment.
 */
export const spawnerVariable = 'BALSAM_SPAWNER_JOURNAL'

/** The spawner that a process is, or is about to be a task of. */
export const spawnerOf: MarkerOf = makeMarkerOf(spawnerVariable)

function readOrNull(path: string): Buffer | null {
  try {
    return readFileSync(path)
  } catch {
    // Gone, going, or not ours.
    return null
  }
}
