// Processes of this machine by their identity and by the markers in their environment, from /proc.
// Must never name a process by its pid alone for long: pids are used again.
import { readdirSync, readFileSync } from 'node:fs'
import { allocationMarkerVariable, taskMarkerVariable } from '../../../protocol/allocation-file.ts'
import { spawnerVariable } from '../spawner/processes.ts'
import { nodeIndexVariable } from '../task/base-environment.ts'
import { environmentOf } from './environment.ts'

/** A process that will never be another one: pid and start time (clock ticks since boot). */
export interface ProcessIdentity {
  readonly pid: number
  readonly startTime: number
}

/** A living process of an allocation. */
export interface MarkedProcess extends ProcessIdentity {
  /** Node of the allocation; null for the supervisor's own. */
  readonly nodeIndex: number | null
  /** Token of the task it belongs to; null for Balsam's own programs. */
  readonly token: number | null
  /** A launcher of that node: one of our programs, but no spawner. */
  readonly isLauncher: boolean
}

/** Changes with every boot of the machine; '' where the system has none. */
export function bootId(): string {
  return read('/proc/sys/kernel/random/boot_id')?.trim() ?? ''
}

/** When a process started, in clock ticks since boot; null when it does not live, as zombies. */
export function startTimeOf(pid: number): number | null {
  const fields = statOf(pid)
  return fields === null || fields[0] === 'Z' || fields[0] === 'X' ? null : Number(fields[19])
}

/** Has it ended without having been waited for? */
export function isZombie(pid: number): boolean {
  return statOf(pid)?.[0] === 'Z'
}

/** Fields of /proc/PID/stat from the third, the state, on. */
function statOf(pid: number): string[] | null {
  const stat = read(`/proc/${pid}/stat`)
  // The name in parentheses may hold anything, even parentheses.
  return stat === null ? null : stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

/** What one walk over /proc saw. */
export interface AllocationLook {
  readonly found: readonly MarkedProcess[]
  /** Of these it could not be seen whose they are: they execute another program just now. */
  readonly hidden: readonly ProcessIdentity[]
}

/** Every living process with the allocation's marker but this one. */
export function markedProcesses(marker: string): readonly MarkedProcess[] {
  return lookForAllocation(marker).found
}

/** The same, and the processes that may be such ones. */
export function lookForAllocation(marker: string): AllocationLook {
  const found: MarkedProcess[] = []
  const hidden: ProcessIdentity[] = []
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry)
    if (!Number.isInteger(pid) || pid === process.pid) continue
    // Before the environment: should the pid change hands between the two, the signal finds nobody.
    const startTime = startTimeOf(pid)
    if (startTime === null) continue
    const environment = environmentOf(pid)
    if (environment === 'hidden') hidden.push({ pid, startTime })
    else if (environment?.includes(marker) === true) {
      const variables = environment.toString('utf8').split('\0')
      if (variableIn(variables, allocationMarkerVariable) !== marker) continue
      found.push({ pid, startTime, ...partIn(variables) })
    }
  }
  return { found, hidden }
}

/** Which part of the allocation it is. */
function partIn(variables: readonly string[]): Omit<MarkedProcess, keyof ProcessIdentity> {
  const node = variableIn(variables, nodeIndexVariable)
  const task = variableIn(variables, taskMarkerVariable)
  return {
    nodeIndex: node === null ? null : Number(node),
    token: task === null ? null : Number(task.slice(task.lastIndexOf(':') + 1)),
    isLauncher: node !== null && task === null && variableIn(variables, spawnerVariable) === null,
  }
}

/** A variable that a process was started with; null when it has none of that name. */
export function variableOf(pid: number, name: string): string | null {
  const environment = environmentOf(pid)
  if (environment === null || environment === 'hidden') return null
  return variableIn(environment.toString('utf8').split('\0'), name)
}

/** Sends a signal if the process still is the same. */
export function signalProcess(target: ProcessIdentity, signal: NodeJS.Signals): void {
  if (startTimeOf(target.pid) !== target.startTime) return
  try {
    process.kill(target.pid, signal)
  } catch {
    // It ended between the look and the signal.
  }
}

function variableIn(variables: readonly string[], name: string): string | null {
  const prefix = `${name}=`
  const found = variables.find((variable) => variable.startsWith(prefix))
  return found === undefined ? null : found.slice(prefix.length)
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}
