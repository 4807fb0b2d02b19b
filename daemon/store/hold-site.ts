// Taking hold of a site for the life of a daemon: the file system is looked at, the site locked,
// and the database opened in the mode that this file system can bear.
// Must never open the database before the site is held.
import { join } from 'node:path'
import { fault } from '../../protocol/faults.ts'
import { limits } from '../../protocol/limits.ts'
import type { Clock, Log, SqlDriver } from '../../protocol/ports.ts'
import { siteLayout } from '../../protocol/site-files.ts'
import { identityOf, isLiving } from '../ports/process-identity.ts'
import { type DriverPreference, pickDriver } from './drivers/pick.ts'
import { type FileSystemKind, fileSystemOf } from './hold/file-system.ts'
import { claim, discard, giveUp, isSameOwner, type Owner, readOwner } from './hold/owner-file.ts'
import { probeLock, probeSync } from './hold/probe.ts'
import { type SiteLock, takeLock } from './hold/site-lock.ts'

/** Names within the site directory. */
export const holdFiles = { lock: 'balsam.lock', owner: 'owner.json' } as const

/** Syncs slower than this are told: every accepted job waits for one. */
const slowSyncMs = 100

/** Between two looks at a lock that is about to be let go. */
const lockLookMs = 20

/** What a hold is taken with. */
export interface HoldPlan {
  /** Real path of the site directory. */
  readonly site: string
  readonly host: string
  readonly log: Log
  /** Without it the disk's fsync is only tried, and nobody is waited for. */
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
  const hold = await takeHold(plan, fileSystem)
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

async function takeHold(plan: HoldPlan, fileSystem: FileSystemKind): Promise<HeldSite['hold']> {
  const file = join(plan.site, holdFiles.owner)
  const lock = await lockOf(plan, file)
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

/**
 * The lock. A killed process is dead at once, but its locks last until its last thread is back from
 * the disk; and one that ends in order takes its record away before it lets go.
 */
async function lockOf(plan: HoldPlan, ownerFile: string): Promise<SiteLock> {
  const { clock, host, site } = plan
  const until = clock === undefined ? 0 : clock.monotonicMs() + limits.dyingOwnerMsMax
  for (;;) {
    const lock = takeLock(join(site, holdFiles.lock))
    if (lock !== null) return lock
    const found = readOwner(ownerFile)
    const isGoing = found === null || isKnownGone(found, host)
    if (!isGoing || clock === undefined || clock.monotonicMs() > until) {
      throw refusal(plan, found)
    }
    await new Promise<void>((resolve) => clock.after(lockLookMs, resolve))
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
