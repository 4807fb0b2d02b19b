// The daemon's own launcher for hooks and transfers: an allocation of the local scheduler without
// cores, asked for when jobs wait for a step and no connected launcher has hook slots.
import type { AllocationRequest } from '../../protocol/calls.ts'
import { limits } from '../../protocol/limits.ts'
import type { Timer } from '../../protocol/ports.ts'
import { addAllocation, follow } from './allocations.ts'
import type { Core } from './core.ts'
import type { LauncherState } from './launcher-state.ts'
import type { Turn } from './turn.ts'

/** When the next one may be asked for. */
export interface HooksLauncherPlan {
  timer: Timer | null
  isDue: boolean
  /** Grows while launchers end soon after they were asked for. */
  waitMs: number
  askedAtMs: number | null
}

/** Nothing asked for yet. */
export function noHooksLauncher(): HooksLauncherPlan {
  return { timer: null, isDue: false, waitMs: limits.hooksLauncherWaitMsMin, askedAtMs: null }
}

/** True for the launcher of such an allocation. */
export function isHooksLauncher(core: Core, { facts }: LauncherState): boolean {
  return core.allocations.get(facts.allocationId)?.facts.request.isHooks === true
}

/**
 * Asks for a launcher when steps have waited for one for some time, and none of ours lives: one
 * that is just being restarted has hook slots, too.
 */
export function wantHooksLauncher(core: Core, turn: Turn, isWanted: boolean): void {
  const { hooksLauncher: plan } = core
  if (!isWanted) {
    plan.isDue = false
    return
  }
  if (plan.timer !== null) return
  for (const allocation of core.allocations.values()) {
    if (allocation.facts.request.isHooks === true && allocation.isLive()) return
  }
  if (plan.isDue) ask(core, turn)
  else
    plan.timer = core.clock.after(plan.waitMs, () => {
      plan.timer = null
      plan.isDue = true
      core.loop.deliver({ name: 'hooks wait for a launcher', handle: () => undefined })
    })
}

function ask(core: Core, turn: Turn): void {
  const { hooksLauncher: plan } = core
  const now = core.clock.monotonicMs()
  const isSoon = plan.askedAtMs !== null && now - plan.askedAtMs < limits.hooksLauncherWaitMsMax
  plan.waitMs = isSoon
    ? Math.min(plan.waitMs * 2, limits.hooksLauncherWaitMsMax)
    : limits.hooksLauncherWaitMsMin
  plan.askedAtMs = now
  plan.isDue = false
  const allocation = addAllocation(core, turn, 'local', request(core.steps.slots))
  follow(core, turn, allocation, [{ type: 'prepare', waitMs: 0 }])
}

function request(hookSlots: number): AllocationRequest {
  return {
    project: '',
    queue: 'hooks',
    nodes: 1,
    wallTimeMinutes: 0,
    jobMode: 'serial',
    wfFilter: '',
    cpusPerNode: 0,
    idleExitMs: limits.hooksIdleExitMs,
    environment: {},
    isNoExec: false,
    isHooks: true,
    hookSlots: Math.max(1, hookSlots),
  }
}
