// Whether an allocation of this machine lives: who its supervisor is, and what carries its marker.
// 'ended' needs proof; what could not be looked at is 'unknown'.
import { limits } from '../../../protocol/limits.ts'
import type { Clock } from '../../../protocol/ports.ts'
import type { KnownAllocation, PollAnswer } from '../../core/allocation-services.ts'
import type { ProcessIdentity } from '../../ports/process-identity.ts'
import { isLiving } from '../../ports/process-identity.ts'
import { readClaim } from '../../runner/start.ts'
import { readSupervisor } from '../run-directory.ts'

/** What was seen of one allocation without walking over /proc. */
export interface Looked {
  readonly allocation: KnownAllocation
  /** The supervisor, by its own word or by that of the runner which started it. */
  readonly supervisor: ProcessIdentity | null
  readonly isSupervisorLiving: boolean
  /** True when the supervisor came so far as to say who it is. */
  readonly hasBegun: boolean
  /** True while a runner that lives has claimed the start and not finished it. */
  readonly isStarting: boolean
}

/** Looks at files and at one process. */
export async function lookAt(allocation: KnownAllocation, claimPath: string): Promise<Looked> {
  const said = await readSupervisor(allocation.runDirectory)
  const claim = readClaim(claimPath)
  const supervisor = said ?? claim?.started ?? null
  const claimant = claim?.claimant ?? null
  return {
    allocation,
    supervisor,
    isSupervisorLiving: supervisor !== null && isLiving(supervisor),
    hasBegun: said !== null,
    isStarting: claim?.started === null && claimant !== null && isLiving(claimant),
  }
}

/** The answer for one allocation; `living` null: nobody could look for its processes. */
export function judge(
  looked: Looked,
  living: readonly number[] | null,
  plan: { readonly name: 'local' | 'foreign'; readonly clock: Clock },
): PollAnswer {
  if (looked.isSupervisorLiving) return { state: 'running', evidence: 'its supervisor lives' }
  if (living === null)
    return { state: 'unknown', evidence: 'its processes could not be looked for' }
  if (living.length > 0) {
    const evidence = `its supervisor is gone, ${living.length} of its processes live`
    return { state: 'running', evidence }
  }
  if (looked.isStarting) return { state: 'unknown', evidence: 'it is being started' }
  if (looked.supervisor === null && plan.name === 'foreign') {
    const ageMs = plan.clock.wallMs() - looked.allocation.createdAtMs
    if (ageMs < limits.foreignStartMsMax) {
      return { state: 'unknown', evidence: 'its launcher has not been started yet' }
    }
    return { state: 'ended', evidence: 'its launcher was never started', isFailure: true }
  }
  if (!looked.hasBegun) {
    return { state: 'ended', evidence: 'its supervisor ended at its start', isFailure: true }
  }
  return { state: 'ended', evidence: 'none of its processes lives' }
}
