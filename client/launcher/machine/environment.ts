// The environment of another process, from /proc, also while it executes another program.
// Must never take a process for one without a variable because it was looked at in that moment.
import { readFileSync } from 'node:fs'

/**
 * null: there is none to be had: it is gone, a zombie, the kernel's own, or another user's.
 * hidden: it lives and shows none just now: it is between two programs, which takes microseconds,
 * or as long as a slow file system takes.
 */
export type Environment = Buffer | 'hidden' | null

/** Looks within one call, some milliseconds together. */
const looksMax = 200
/** Of the kernel's sched.h: a process without a program. */
const kernelThread = 0x200000
/** Places in /proc/PID/stat behind the name: fields 3, 9, 50 and 51. */
const at = { state: 0, flags: 6, environmentStart: 47, environmentEnd: 48 } as const

/** Reads it; looks again for as long as it is likely to come. */
export function environmentOf(pid: number): Environment {
  let isBetween = false
  for (let look = 0; look < looksMax; look++) {
    const environment = readOrNull(`/proc/${pid}/environ`)
    if (environment === null || environment.length > 0) return environment
    const fields = statOf(pid)
    if (fields === null || isWithoutProgram(fields)) return null
    const end = Number(fields[at.environmentEnd])
    // A program that was started without a single variable.
    if (end !== 0 && end === Number(fields[at.environmentStart])) return null
    isBetween = end === 0
  }
  return isBetween && tells() ? 'hidden' : null
}

/** Some imitations of Linux say 0 of every process; of this one it can't be true. */
function tells(): boolean {
  return Number(statOf(process.pid)?.[at.environmentEnd]) > 0
}

function isWithoutProgram(fields: readonly string[]): boolean {
  const state = fields[at.state] ?? ''
  return 'ZXx'.includes(state) || (Number(fields[at.flags]) & kernelThread) !== 0
}

function statOf(pid: number): readonly string[] | null {
  const stat = readOrNull(`/proc/${pid}/stat`)?.toString('latin1')
  // The name in parentheses may hold anything, even parentheses.
  return stat === undefined ? null : stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

function readOrNull(path: string): Buffer | null {
  try {
    return readFileSync(path)
  } catch {
    // Gone, going, or not ours.
    return null
  }
}
