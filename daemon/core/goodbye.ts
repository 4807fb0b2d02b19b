// Launchers that end: by a goodbye of their own, or with their allocation. Only here, and when a
// restarted launcher is back without them, are leases given up.
import type { LauncherEffect } from '../../machines/launcher.ts'
import { frameKind } from '../../protocol/frames.ts'
import type { LeaseToken } from '../../protocol/job.ts'
import { type Core, decideIn } from './core.ts'
import type { LauncherState } from './launcher-state.ts'
import { storeLauncher } from './launcher-store.ts'
import { send } from './send.ts'
import type { Turn } from './turn.ts'

/** A launcher says that nothing runs any more and that all it held has been reported. */
export function sayGoodbye(core: Core, turn: Turn, launcher: LauncherState, reason: string): void {
  if (has(launcher.live.deliver({ type: 'BYE' }), 'withdrawLeases')) {
    decideIn(core, turn, ['withdraw', leasesOf(core, launcher), `the launcher ended: ${reason}`])
  }
  storeLauncher(core, turn, launcher)
  const { link } = launcher
  turn.effects.push(() => link?.close('goodbye'))
}

/** All launchers of an allocation are known to be dead, with everything that they ran. */
export function endLaunchers(
  core: Core,
  turn: Turn,
  allocationId: number,
  cause: 'lost' | 'timeout',
  why: string,
): void {
  for (const launcher of launchersOf(core, allocationId)) {
    launcher.live.deliver({ type: 'ALLOCATION_ENDED' })
    loseLeases(core, turn, launcher, cause, why)
  }
}

/** The same, but the scheduler will start the allocation once more, and launchers with it. */
export function requeueLaunchers(core: Core, turn: Turn, allocationId: number): void {
  for (const launcher of launchersOf(core, allocationId)) {
    launcher.live.deliver({ type: 'ALLOCATION_REQUEUED' })
    loseLeases(core, turn, launcher, 'lost', 'the scheduler requeued the allocation')
  }
}

function loseLeases(
  core: Core,
  turn: Turn,
  launcher: LauncherState,
  cause: 'lost' | 'timeout',
  why: string,
): void {
  const effects = launcher.node.deliver({ type: 'ALLOCATION_ENDED' })
  const tokens = effects.some(({ type }) => type === 'loseLeases') ? leasesOf(core, launcher) : []
  if (tokens.length > 0) decideIn(core, turn, ['lost', tokens, cause, why])
  const { link } = launcher
  launcher.link = null
  turn.effects.push(() => link?.close('the allocation has ended'))
  storeLauncher(core, turn, launcher)
}

/** An allocation is being ended: its launchers take no more work and end what they run. */
export function drainLaunchers(core: Core, turn: Turn, allocationId: number): void {
  for (const launcher of launchersOf(core, allocationId)) drain(core, turn, launcher)
}

/** Has a launcher end its tasks and then itself. Said again whenever it is back. */
export function drain(core: Core, turn: Turn, launcher: LauncherState): void {
  const effects = launcher.live.deliver({ type: 'DRAIN', how: 'stop' })
  storeLauncher(core, turn, launcher)
  for (const effect of effects) {
    if (effect.type !== 'drain') continue
    turn.effects.push(() => {
      send(launcher, [frameKind.drain, core.reign.epoch, effect.how, core.killGraceMs])
    })
  }
}

function launchersOf(core: Core, allocationId: number): LauncherState[] {
  return [...core.site.launchers.values()].filter(
    ({ facts }) => facts.allocationId === allocationId,
  )
}

function leasesOf(core: Core, launcher: LauncherState): LeaseToken[] {
  if (launcher.leases + launcher.steps === 0) return []
  const tokens: LeaseToken[] = []
  for (const job of core.site.leases.values())
    if (job.launcher === launcher.id) tokens.push(job.token)
  return tokens
}

function has(effects: readonly LauncherEffect[], type: LauncherEffect['type']): boolean {
  return effects.some((effect) => effect.type === type)
}
