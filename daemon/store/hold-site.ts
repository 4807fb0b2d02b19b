// Taking hold of a site for the life of a daemon: the file system is looked at, the site locked,
// and the database opened in the mode that this file system can bear.
// Must never open the database before the site is held.
import { join } from 'node:path'
import { fault } from '../../protocol/faults.ts'
import type { Clock, Log, SqlDriver } from '../../protocol/ports.ts'
import { siteLayout } from '../../protocol/site-files.ts'
import { identityOf, isLiving } from '../ports/process-identity.ts'
import { type DriverPreference, pickDriver } from './drivers/pick.ts'
import { type FileSystemKind, fileSystemOf } from './hold/file-system.ts'
import { claim, discard, giveUp, isSameOwner, type Owner, readOwner } from './hold/owner-file.ts'
import { probeLock, probeSync } from './hold/probe.ts'
import { takeLock } from './hold/site-lock.ts'

/** Names within the site directory. */
export const holdFiles = { lock: 'balsam.lock', owner: 'owner.json' } as const

/** Syncs slower than this are told: every accepted job waits for one. */
const slowSyncMs = 100

/** What a hold is taken with. */
export interface HoldPlan {
  /** Real path of the site directory. */
  readonly site: string
  readonly host: string
  readonly log: Log
  /** To measure the disk's fsync; without it the probe only tries it. */
  readonly clock?: Clock
  readonly preference?: DriverPreference
  /** `balsamd takeover`: the owner on another host is gone for good, says the user. */
  readonly isTakeover?: boolean
  /** Taken for this kind of file system; for tests. */
  readonly fileSystem?: FileSystemKind
}

/** A site that is held. */
export interface HeldSite {
  readonly hold: { release(): void }
  readonly driver: SqlDriver
  readonly fileSystem: FileSystemKind
  /** Why this driver, for `balsamd status`. */
  readonly driverReason: string
}

/**
 * Takes hold of a site and opens its database. Faults: SITE_NOT_WRITABLE, STORAGE_PROBE_FAILED,
 * DAEMON_RUNNING, DAEMON_ELSEWHERE, DRIVER_MISSING, DATABASE_INVALID, STORAGE_REFUSED.
 */
export async function holdSite(plan: HoldPlan): Promise<HeldSite> {
  const { site, log } = plan
  const fileSystem = plan.fileSystem ?? fileSystemOf(site)
  const syncMs = probeSync(site, plan.clock ?? null)
  if (syncMs > slowSyncMs) log.warn('the disk is slow to sync', { syncMs, kind: fileSystem.name })
  if (fileSystem.isShared) probeLock(site)
  const hold = takeHold(plan, fileSystem)
  try {
    const picked = await pickDriver({ preference: plan.preference ?? 'auto' })
    const file = join(site, siteLayout.database)
    const driver = await picked.open({ file, isShared: fileSystem.isShared })
    log.info('the database is open', {
      driver: picked.name,
      reason: picked.reason,
      fileSystem: fileSystem.name,
      journalMode: driver.journalMode,
      syncMs: Math.round(syncMs * 10) / 10,
    })
    return { hold, driver, fileSystem, driverReason: picked.reason }
  } catch (error) {
    hold.release()
    throw error
  }
}

function takeHold(plan: HoldPlan, fileSystem: FileSystemKind): HeldSite['hold'] {
  const file = join(plan.site, holdFiles.owner)
  const lock = takeLock(join(plan.site, holdFiles.lock))
  if (lock === null) throw refusal(plan, readOwner(file))
  try {
    const owner = ourselves(plan.host)
    // The lock keeps every other process of this host out; the record is for those of other hosts.
    claimSite(plan, file, owner, fileSystem.isShared)
    return {
      release: () => {
        giveUp(file, owner)
        lock.release()
      },
    }
  } catch (error) {
    lock.release()
    throw error
  }
}

/** Makes the owner record ours, replacing one whose process is known to be gone. */
function claimSite(plan: HoldPlan, file: string, owner: Owner, isShared: boolean): void {
  while (!claim(file, owner)) {
    const found = readOwner(file)
    if (found === null) continue
    // A local file system's lock has told already that nobody else is there.
    const isGone = !isShared || isKnownGone(found, plan.host) || plan.isTakeover === true
    if (!isGone) throw refusal(plan, found)
    if (isSameOwner(found, owner)) return
    plan.log.info('the owner of before is gone', { host: found.host, pid: found.pid })
    discard(file, found, owner)
  }
}

function isKnownGone(found: Owner, host: string): boolean {
  return found.host === host && !isLiving(found)
}

function ourselves(host: string): Owner {
  const identity = identityOf(process.pid)
  if (identity === null) throw new Error('this process is not in /proc')
  return { host, ...identity }
}

function refusal(plan: HoldPlan, found: Owner | null): Error {
  if (found === null) {
    // Locked, and not yet (or no longer) signed: it is starting or ending at this moment.
    return fault('DATABASE_LOCKED', { path: join(plan.site, siteLayout.database) })
  }
  const { host, pid } = found
  return host === plan.host
    ? fault('DAEMON_RUNNING', { pid })
    : fault('DAEMON_ELSEWHERE', { host, pid })
}
