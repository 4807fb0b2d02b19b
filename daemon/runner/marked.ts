// Processes by the marker in their environment, and signals that reach exactly those.
// Must never signal this process, its parent, or a pid that has become somebody else's.
import { readdirSync, readFileSync } from 'node:fs'
import { allocationMarkerVariable } from '../../protocol/allocation-file.ts'
import type { ProcessIdentity } from '../ports/process-identity.ts'
import { isLiving, readProcess } from '../ports/process-identity.ts'
import { sendSignal } from './signal.ts'

const variable = Buffer.from(`${allocationMarkerVariable}=`)
const innerVariable = Buffer.concat([Buffer.from([0]), variable])

/** Living processes of each marker that has any. */
export function findMarked(markers: readonly string[]): Record<string, number[]> {
  const wanted = new Set(markers)
  const found: Record<string, number[]> = {}
  for (const name of readdirSync('/proc')) {
    const pid = Number(name)
    if (!Number.isInteger(pid) || pid === process.pid || pid === process.ppid) continue
    const marker = markerOf(pid)
    if (marker === null || !wanted.has(marker)) continue
    const pids = found[marker] ?? []
    pids.push(pid)
    found[marker] = pids
  }
  return found
}

/** The marker of a process; null when it has none, is a zombie, or belongs to another user. */
export function markerOf(pid: number): string | null {
  let environment: Buffer
  try {
    environment = readFileSync(`/proc/${pid}/environ`)
  } catch {
    return null
  }
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
  const pids = findMarked([marker])[marker] ?? []
  return pids.filter((pid) =>
    sendSignal(pid, signal, () => readProcess(pid) !== null && markerOf(pid) === marker),
  )
}
