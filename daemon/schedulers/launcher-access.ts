// How launchers reach the daemon: by its socket, or over TLS with a key of their allocation.
// Must never let an allocation's key outlive it, nor name a port before the daemon listens there.
import { join } from 'node:path'
import type { AllocationFile } from '../../protocol/allocation-file.ts'
import { runFiles } from '../../protocol/allocation-file.ts'
import type { Log, Randomness } from '../../protocol/ports.ts'
import { pskIdentity } from '../../protocol/psk.ts'
import type { Address, Settings } from '../../protocol/settings.ts'
import { siteLayout } from '../../protocol/site-files.ts'
import type { AllocationFacts } from '../core/allocation-services.ts'
import { type KeyFiles, keyFiles } from '../ports/secrets.ts'
import { changeAddress } from './run-directory.ts'

/** Where an allocation's launchers find the daemon. */
export type LauncherAddress = Pick<AllocationFile, 'socket' | 'tls'>

/** What access is given with. */
export interface AccessPlan {
  readonly siteId: string
  readonly directory: string
  readonly socket: string
  readonly link: Settings['launcherLink']
  readonly random: Randomness
  readonly log: Log
  readonly uid: number
}

/** Access of all allocations' launchers. */
export interface LauncherAccess {
  readonly keys: KeyFiles
  /** The address for an allocation; waits until the daemon listens. */
  addressOf(allocationId: number): Promise<LauncherAddress>
  /** Makes what the address needs; the run directory exists. */
  grant(allocationId: number): Promise<void>
  /** The allocation has ended: its key opens nothing any more. */
  revoke(allocationId: number): void
  /** The daemon listens (null: on no network); those that live from before are told so first. */
  opened(endpoint: Address | null, living: readonly AllocationFacts[]): Promise<void>
}

/** Access to a site's daemon. */
export function launcherAccess(plan: AccessPlan): LauncherAccess {
  const { siteId, directory, log } = plan
  const listening = Promise.withResolvers<Address | null>()
  const keyFile = (id: number): string => join(directory, siteLayout.allocation(id), runFiles.key)
  const keys = keyFiles(keyFile, plan.random, plan.uid)
  const addressAt = (endpoint: Address | null, id: number): LauncherAddress => {
    if (endpoint === null) return { socket: plan.socket, tls: null }
    const identity = pskIdentity(siteId, id)
    const tls = { ...reachable(endpoint), identity, keyFile: keyFile(id) }
    return { socket: plan.link === 'tls' ? null : plan.socket, tls }
  }
  return {
    keys,
    addressOf: async (id) => addressAt(await listening.promise, id),
    async grant(id) {
      if ((await listening.promise) !== null) keys.make(id)
    },
    revoke: (id) => keys.forget(id),
    async opened(endpoint, living) {
      for (const { id, runDirectory, token } of living) {
        try {
          const isThere = await changeAddress(runDirectory, addressAt(endpoint, id), token)
          if (isThere && endpoint !== null) keys.make(id)
        } catch (error) {
          log.warn('launchers could not be told where we listen', { id, error: String(error) })
        }
      }
      listening.resolve(endpoint)
    },
  }
}

/** These allocations are on this host, where every interface can be reached by the loopback. */
function reachable({ host, port }: Address): Address {
  if (host === '0.0.0.0') return { host: '127.0.0.1', port }
  return { host: host === '::' ? '::1' : host, port }
}
