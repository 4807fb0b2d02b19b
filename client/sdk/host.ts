// Who this machine is and whether a process on it lives. Never judges a process of another host.
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'

/** What names this machine in its present boot. */
export interface HostIdentity {
  readonly host: string
  readonly bootId: string
}

/** A process that can be told from a later one with the same pid. */
export interface ProcessIdentity extends HostIdentity {
  readonly pid: number
  readonly startTime: number
}

/** This machine; bootId is '' where there is no /proc. */
export function thisHost(): HostIdentity {
  return { host: hostname(), bootId: readQuietly('/proc/sys/kernel/random/boot_id').trim() }
}

/** Clock ticks from boot to the process's start; undefined when it's dead, or a zombie. */
export function startTimeOf(pid: number): number | undefined {
  const stat = readQuietly(`/proc/${pid}/stat`)
  // The command name in parentheses may hold blanks and parentheses, so count from the last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (fields[0] === 'Z' || fields[0] === 'X') return undefined
  const ticks = Number(fields[19])
  return stat !== '' && Number.isSafeInteger(ticks) ? ticks : undefined
}

/** Does this process of this host live? False for an earlier boot; never ask for another host. */
export function isAlive(of: ProcessIdentity): boolean {
  const here = thisHost()
  if (of.bootId !== '' && here.bootId !== '' && of.bootId !== here.bootId) return false
  const startTime = startTimeOf(of.pid)
  return startTime !== undefined && (of.startTime === 0 || of.startTime === startTime)
}

/** True when the record was made on this machine, in whichever boot. */
export function isThisHost(of: HostIdentity): boolean {
  const here = thisHost()
  return of.host === here.host || (of.bootId !== '' && of.bootId === here.bootId)
}

function readQuietly(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
