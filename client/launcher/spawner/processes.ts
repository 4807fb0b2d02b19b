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

const variable = Buffer.from(`${taskMarkerVariable}=`)
const innerVariable = Buffer.from(`\0${taskMarkerVariable}=`)

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

/** All living processes of this user whose task marker is meant. Reads all of /proc: some ms. */
export function findMarked(isMeant: (marker: string) => boolean): Marked[] {
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

/** The task marker of a process; null when it has none, is gone, or belongs to another user. */
export function markerOf(pid: number): string | null {
  const environment = readOrNull(`/proc/${pid}/environ`)
  if (environment === null) return null
  const at = environment.subarray(0, variable.length).equals(variable)
    ? variable.length
    : afterInner(environment)
  if (at < 0) return null
  const end = environment.indexOf(0, at)
  return environment.toString('utf8', at, end < 0 ? environment.length : end)
}

function afterInner(environment: Buffer): number {
  const at = environment.indexOf(innerVariable)
  return at < 0 ? -1 : at + innerVariable.length
}

function readOrNull(path: string): Buffer | null {
  try {
    return readFileSync(path)
  } catch {
    // Gone, going, or not ours.
    return null
  }
}
