// What Linux says about a process: CPU time and resident memory, from /proc.
// Must only read.
import { readFileSync } from 'node:fs'

/** USER_HZ: the unit of times in /proc/PID/stat; 100 on every Linux that Node runs on. */
const ticksPerSecond = 100

/** User and system time of a process and its threads so far, in ms. Throws when it is gone. */
export function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The command's name may hold blanks and brackets; the fields after it start behind its last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return ((Number(fields[11]) + Number(fields[12])) * 1_000) / ticksPerSecond
}

/** Resident memory now, and the most there ever was, in MB of 10⁶ bytes. */
export function memoryMB(pid: number): { readonly now: number; readonly peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return { now: field(status, 'VmRSS'), peak: field(status, 'VmHWM') }
}

function field(status: string, name: string): number {
  const found = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)
  return found === null ? Number.NaN : (Number(found[1]) * 1_024) / 1e6
}
