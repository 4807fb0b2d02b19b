// Processes as /proc shows them: who one is, and which carry the marker of a task.
// Must never take a zombie for a living process, nor this one for a task.
import { readdirSync, readFileSync } from 'node:fs'
import { taskMarkerVariable } from '../../../protocol/allocation-file.ts'
import { environmentOf } from '../machine/environment.ts'

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

/** What one walk over /proc saw. */
export interface MarkedLook {
  readonly found: readonly Marked[]
  /** Of these it could not be seen whose they are: they execute another program just now. */
  readonly hidden: readonly { readonly pid: number; readonly startTime: number }[]
}

/** A variable in the environment of a process; null: not set; undefined: hidden just now. */
export type MarkerOf = (pid: number) => string | null | undefined

/** The id of this boot; it changes when the machine restarts. */
export function readBootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
}

/** A living process; null when there is none of that pid, or only its zombie. */
export function readProcess(pid: number): ProcessView | null {
  const text = readOrNull(`/proc/${pid}/stat`)
  if (text === null) return null
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
): readonly Marked[] {
  return lookForMarked(isMeant, markerOf).found
}

/** The same, and the processes that may be such ones. */
export function lookForMarked(
  isMeant: (marker: string) => boolean,
  markerOf: MarkerOf = taskMarkerOf,
): MarkedLook {
  const found: Marked[] = []
  const hidden: { pid: number; startTime: number }[] = []
  for (const name of readdirSync('/proc')) {
    const pid = Number(name)
    if (!Number.isInteger(pid) || pid === process.pid) continue
    const marker = markerOf(pid)
    if (marker === null || (marker !== undefined && !isMeant(marker))) continue
    const view = readProcess(pid)
    if (view === null) continue
    if (marker === undefined) hidden.push({ pid, startTime: view.startTime })
    else found.push({ pid, marker, ...view })
  }
  return { found, hidden }
}

/** Reads a variable of other processes: null also when the process is not ours. */
export function makeMarkerOf(variable: string): MarkerOf {
  const first = Buffer.from(`${variable}=`)
  const inner = Buffer.from(`\0${variable}=`)
  return (pid) => {
    const environment = environmentOf(pid)
    if (environment === null) return null
    if (environment === 'hidden') return undefined
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

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    // Gone, going, or not ours.
    return null
  }
}
