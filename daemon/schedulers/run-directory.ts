// An allocation's run directory: what supervisor and launchers read at their start.
// Private to the user (0700, files 0600); the file may hold the user's environment.
import { mkdir, open, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { AllocationFile, LogBounds } from '../../protocol/allocation-file.ts'
import {
  allocationMarkerVariable,
  runFiles,
  taskMarkerVariable,
} from '../../protocol/allocation-file.ts'
import type { Settings } from '../../protocol/settings.ts'
import type { AllocationFacts } from '../core/allocation-services.ts'

/** The site as its allocations see it. */
export interface AllocationSite {
  readonly siteId: string
  readonly directory: string
  /** Name of this host, for the names of its virtual nodes. */
  readonly host: string
  readonly settings: Settings
}

/** The marker in the environment of every process of an allocation. */
export function markerFor(siteId: string, allocationId: number): string {
  return `${siteId}:${allocationId}`
}

/** What allocation.json says for an allocation on the daemon's host. */
export function localAllocationFile(
  facts: AllocationFacts,
  site: AllocationSite,
  address: Pick<AllocationFile, 'socket' | 'tls'>,
): AllocationFile {
  const { request } = facts
  const { settings } = site
  const {
    [allocationMarkerVariable]: _a,
    [taskMarkerVariable]: _t,
    ...environment
  } = request.environment
  const names = Array.from({ length: request.nodes }, (_, index) =>
    request.nodes === 1 ? site.host : `${site.host}-${index}`,
  )
  return {
    siteId: site.siteId,
    siteDirectory: site.directory,
    allocationId: facts.id,
    ...address,
    nodes: names.map((name) => ({ name, cpus: request.cpusPerNode })),
    wallTimeSeconds: request.wallTimeMinutes > 0 ? request.wallTimeMinutes * 60 : null,
    killGraceMs: settings.killGraceMs,
    idleExitMs: request.idleExitMs,
    isNoExec: request.isNoExec,
    environment: Object.keys(environment).length === 0 ? null : environment,
    spawnerKind: settings.spawnerKind,
    spawners: settings.spawners,
    hookSlots: request.hookSlots ?? settings.hookSlots,
    jobMode: request.jobMode,
    log: logBounds(settings),
  }
}

/** What of a log is written and kept. */
export function logBounds(settings: Settings): LogBounds {
  const { logLevel: level, logSizeMiB, logKeep: filesKept } = settings
  return { level, fileBytesMax: logSizeMiB * 1024 * 1024, filesKept }
}

/** Holds the token of the allocation that a run directory was made for. */
const tokenFile = 'token'

/**
 * Makes the run directory and puts allocation.json into it, whole or not at all. May be repeated.
 * After a restore an allocation of another time may have had the same number: its directory, with
 * its claim and its journals, is set aside.
 */
export async function writeRunDirectory(
  directory: string,
  file: AllocationFile,
  token: string,
): Promise<void> {
  const found = await readFile(join(directory, tokenFile), 'utf8').catch(() => null)
  if (found !== null && found !== token) await rename(directory, `${directory}.before-${token}`)
  await mkdir(directory, { recursive: true, mode: 0o700 })
  if (found !== token) await writeFile(join(directory, tokenFile), token, { mode: 0o600 })
  await writeAllocation(directory, file)
}

/**
 * Tells launchers that connect again where the daemon is by now. False when the directory is not
 * that of the allocation with this token.
 */
export async function changeAddress(
  directory: string,
  address: Pick<AllocationFile, 'socket' | 'tls'>,
  token: string,
): Promise<boolean> {
  const found = await readFile(join(directory, tokenFile), 'utf8').catch(() => null)
  const text = await readFile(join(directory, runFiles.allocation), 'utf8').catch(() => null)
  if (found !== token || text === null) return false
  // Written whole by this daemon or an earlier one; its readers check it.
  const file = JSON.parse(text) as AllocationFile
  const isSame =
    JSON.stringify([file.socket, file.tls]) === JSON.stringify([address.socket, address.tls])
  if (!isSame) await writeAllocation(directory, { ...file, ...address })
  return true
}

async function writeAllocation(directory: string, file: AllocationFile): Promise<void> {
  const path = join(directory, runFiles.allocation)
  const handle = await open(`${path}.new`, 'w', 0o600)
  try {
    await handle.writeFile(`${JSON.stringify(file, null, 2)}\n`)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(`${path}.new`, path)
}

/** The supervisor's own word on who it is. */
export interface SupervisorFile {
  readonly pid: number
  readonly startTime: number
  readonly bootId: string
  readonly startedAtMs: number
}

/** Reads supervisor.json; null when it is not there (yet) or is none. */
export async function readSupervisor(directory: string): Promise<SupervisorFile | null> {
  try {
    const value: unknown = JSON.parse(await readFile(join(directory, runFiles.supervisor), 'utf8'))
    return isSupervisor(value) ? value : null
  } catch {
    return null
  }
}

function isSupervisor(value: unknown): value is SupervisorFile {
  if (typeof value !== 'object' || value === null) return false
  const { pid, startTime, bootId, startedAtMs } = value as Record<string, unknown>
  const areNumbers = [pid, startTime, startedAtMs].every((each) => Number.isSafeInteger(each))
  return areNumbers && Number(pid) > 0 && typeof bootId === 'string'
}
