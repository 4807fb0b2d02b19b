// Who a process is: its pid alone says nothing, since pids are used again and again.
// Must never take a zombie for a living process.
import { readFileSync } from 'node:fs'

/** A process of one boot of this host. */
export interface ProcessIdentity {
  readonly pid: number
  /** Clock ticks from boot to its start: field 22 of /proc/PID/stat. */
  readonly startTime: number
  readonly bootId: string
}

/** What /proc says about a process that lives. */
export interface ProcessView {
  readonly startTime: number
  readonly parentPid: number
}

/** Clock ticks per second of /proc; 100 on every Linux that Node runs on. */
export const ticksPerSecond = 100

/** The id of this boot. */
export function readBootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
}

/** Seconds since boot, on the scale of startTime. */
export function readUptimeSeconds(): number {
  return Number(readFileSync('/proc/uptime', 'utf8').split(' ', 1)[0])
}

/** A process that lives; null when there is none of that pid, or only its zombie. */
export function readProcess(pid: number): ProcessView | null {
  const text = readOrNull(`/proc/${pid}/stat`)
  if (text === null) return null
  // The name stands in parentheses and may hold anything, parentheses too.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const state = fields[0] ?? ''
  if (state === 'Z' || state === 'X' || state === 'x') return null
  return { startTime: Number(fields[19]), parentPid: Number(fields[1]) }
}

/** The identity of a living process; null when it is gone. */
export function identityOf(pid: number): ProcessIdentity | null {
  const process = readProcess(pid)
  return process === null ? null : { pid, startTime: process.startTime, bootId: readBootId() }
}

/** Does exactly this process live now? */
export function isLiving(identity: ProcessIdentity): boolean {
  return (
    identity.bootId === readBootId() && readProcess(identity.pid)?.startTime === identity.startTime
  )
}

/** Seconds that a process of this boot has been running. */
export function ageSeconds(startTime: number): number {
  return readUptimeSeconds() - startTime / ticksPerSecond
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // Gone, or between two of the steps in which a process goes.
    return null
  }
}
