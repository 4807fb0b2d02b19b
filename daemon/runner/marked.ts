// Processes by the marker in their environment, and signals that reach exactly those.
// Must never signal this process, its parent, or a pid that has become somebody else's.
import { readdirSync } from 'node:fs'
import { allocationMarkerVariable } from '../../protocol/allocation-file.ts'
import type { ProcessIdentity } from '../ports/process-identity.ts'
import { isLiving, readProcess } from '../ports/process-identity.ts'
import { environmentOf } from './environment.ts'
import { sendSignal } from './signal.ts'

const variable = Buffer.from(`${allocationMarkerVariable}=`)
const innerVariable = Buffer.concat([Buffer.from([0]), variable])

/** What one walk over /proc saw. */
export interface Look {
  /** Living processes of each marker that has any. */
  readonly pids: Readonly<Record<string, readonly number[]>>
  /** Of these it could not be seen whose they are: they execute another program just now. */
  readonly hidden: readonly number[]
}

/** Looks for the living processes of markers. */
export function lookForMarkers(markers: readonly string[]): Look {
  const wanted = new Set(markers)
  const found: Record<string, number[]> = {}
  const hidden: number[] = []
  for (const name of readdirSync('/proc')) {
    const pid = Number(name)
    if (!Number.isInteger(pid) || pid === process.pid || pid === process.ppid) continue
    const marker = markerOf(pid)
    if (marker === undefined) hidden.push(pid)
    if (marker === null || marker === undefined || !wanted.has(marker)) continue
    const pids = found[marker] ?? []
    pids.push(pid)
    found[marker] = pids
  }
  return { pids: found, hidden }
}

/**
 * The marker of a process; null when it has none, is a zombie, or belongs to another user;
 * undefined when it can't be seen just now.
 */
function markerOf(pid: number): string | null | undefined {
  const environment = environmentOf(pid)
  if (environment === null) return null
  if (environment === 'hidden') return undefined
  const isFirst = environment.subarray(0, variable.length).equals(variable)
  const at = isFirst ? 0 : environment.indexOf(innerVariable) + 1
  if (at === 0 && !isFirst) return null
  const end = environment.indexOf(0, at)
  const last = end < 0 ? environment.length : end
  return environment.toString('utf8', at + variable.length, last)
}

/** Signals a process if it still is that one; says whether it was. */
export function signalProcess(identity: ProcessIdentity, signal: number): boolean {
  return sendSignal(identity.pid, signal, () => isLiving(identity))
}

/** Signals every process of a marker; returns those that were reached. */
export function signalMarked(marker: string, signal: number): number[] {
  const pids = lookForMarkers([marker]).pids[marker] ?? []
  return pids.filter((pid) =>
    sendSignal(pid, signal, () => readProcess(pid) !== null && markerOf(pid) === marker),
  )
}
