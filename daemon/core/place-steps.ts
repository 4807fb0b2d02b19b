// The end of each turn for hooks and transfers: jobs that wait for a step are given to launchers
// with free slots; where no launcher has any, the daemon asks for one of its own.
// Costs nothing while no job waits for a step.
import { limits } from '../../protocol/limits.ts'
import type { Core } from './core.ts'
import { isHooksLauncher, wantHooksLauncher } from './hooks-launcher.ts'
import type { LauncherState } from './launcher-state.ts'
import { openStep } from './lease.ts'
import type { OpenJob } from './open-job.ts'
import type { StepQueue } from './step-queues.ts'
import { openFromSpan } from './steps.ts'
import type { Turn } from './turn.ts'

/** Leases waiting steps to launchers with hook slots. */
export function placeSteps(core: Core, turn: Turn): void {
  if (core.isDraining) return
  const queues = core.site.steps.serving()
  if (queues.length === 0) return
  const offering = [...core.site.launchers.values()].filter((each) => hasSlots(core, each))
  let left = limits.turnLeasesMax
  let isUnserved = false
  for (const queue of queues) {
    const fitting = offering.filter(({ facts }) => queue.workflow.includes(facts.wfFilter))
    if (fitting.length === 0) isUnserved = true
    left -= spread(core, turn, queue, fitting, left)
    if (left > 0) continue
    core.loop.deliver({ name: 'place more steps', handle: () => undefined })
    break
  }
  wantHooksLauncher(core, turn, isUnserved)
}

/** It is there, was heard of lately, and runs hooks. */
function hasSlots(core: Core, launcher: LauncherState): boolean {
  if (launcher.link === null || launcher.live.state() !== 'connected') return false
  if (slotsOf(launcher) === 0) return false
  return core.steps.where === 'launcher' || isHooksLauncher(core, launcher)
}

function slotsOf(launcher: LauncherState): number {
  return launcher.facts.hookSlots ?? 0
}

/** Gives a queue's jobs evenly to launchers, up to their free slots; returns how many. */
function spread(
  core: Core,
  turn: Turn,
  queue: StepQueue,
  launchers: readonly LauncherState[],
  most: number,
): number {
  let given = 0
  const idlest = launchers.toSorted((one, other) => one.steps - other.steps)
  for (const [index, launcher] of idlest.entries()) {
    const share = Math.ceil(queue.waiting / (idlest.length - index))
    const count = Math.min(share, slotsOf(launcher) - launcher.steps, most - given)
    if (count <= 0 || isBehind(launcher)) continue
    give(core, turn, queue, launcher, count)
    given += count
  }
  return given
}

function isBehind(launcher: LauncherState): boolean {
  return (launcher.link?.bufferedBytes() ?? 0) > limits.sendBufferPauseBytes
}

function give(
  core: Core,
  turn: Turn,
  queue: StepQueue,
  launcher: LauncherState,
  count: number,
): void {
  const { site } = core
  const { jobs, ranges } = site.steps.take(queue, count, site.spans)
  for (const { span, first, count: some } of ranges) {
    for (let id = first; id < first + some; id += 1) jobs.push(openFromSpan(site, span, id))
  }
  if (jobs.length === 0) return
  const firstToken = core.counters.takeTokens(turn, jobs.length)
  for (const [index, job] of jobs.entries()) {
    openStep(site, job, turn.at, launcher.id, firstToken + index)
  }
  turn.records.push(['step', launcher.id, firstToken, jobs.map(({ id }) => id)])
  const leased: OpenJob[] = turn.assignments.get(launcher.id) ?? []
  leased.push(...jobs)
  turn.assignments.set(launcher.id, leased)
}
