// The end of each turn: ready work goes to launchers with room, and waiting backlogs go back from
// busy launchers to idle ones. Decides by daemon/placement;
// the leases are part of the turn's commit.
import { limits } from '../../protocol/limits.ts'
import { type LauncherRoom, place, type WorkQueue } from '../placement/place.ts'
import type { SpanShape } from '../store/rows.ts'
import type { Core } from './core.ts'
import type { LauncherState } from './launcher-state.ts'
import { openLease } from './lease.ts'
import type { Queue } from './queues.ts'
import { coreSlack, footprint } from './shape.ts'
import { factsOf, openFromSpan } from './steps.ts'
import type { Turn } from './turn.ts'

/** A small launcher may hold this many short tasks ahead: some commits' worth of work. */
const backlogTasksMin = 256
/** Queues looked at in one turn: more wait their turn behind these. */
const queuesPerTurnMax = 1_000

/** Leases ready jobs to launchers with room. */
export function placeWork(core: Core, turn: Turn): void {
  if (core.isDraining) return
  const { site } = core
  const queues = site.queues.serving()
  if (queues.length === 0) return recallForIdle(core, turn)
  const launchers = launchersWithRoom(core)
  if (launchers.length === 0) return
  const served = queues.slice(0, queuesPerTurnMax)
  const placements = place(
    served.map(({ shape, ready }) => ({ ...shape, ready, ...avoided(core, shape, launchers) })),
    launchers.map(roomOf),
  )
  let left = limits.turnLeasesMax
  for (const placement of placements) {
    const queue = served[placement.queue]
    const launcher = launchers[placement.launcher]
    const count = Math.min(left, placement.count)
    if (queue !== undefined && launcher !== undefined) lease(core, turn, queue, launcher, count)
    left -= count
    if (left > 0) continue
    core.loop.deliver({ name: 'place more', handle: () => undefined })
    break
  }
}

/** Launchers on nodes where the app of such jobs only fails. */
function avoided(
  { blackHoles, clock }: Core,
  shape: SpanShape,
  launchers: readonly LauncherState[],
): Pick<WorkQueue, 'avoided'> {
  const now = clock.monotonicMs()
  if (!blackHoles.hasAny(now)) return {}
  const { app } = factsOf(shape)
  const found = launchers.flatMap(({ facts }, index) =>
    blackHoles.isExcluded(app, facts.node, now) ? [index] : [],
  )
  return found.length === 0 ? {} : { avoided: new Set(found) }
}

function launchersWithRoom(core: Core): LauncherState[] {
  const found: LauncherState[] = []
  for (const launcher of core.site.launchers.values()) {
    if (canTakeWork(launcher)) found.push(launcher)
  }
  return found
}

function canTakeWork(launcher: LauncherState): boolean {
  if (!isOffering(launcher) || launcher.link === null) return false
  if (launcher.link.bufferedBytes() > limits.sendBufferPauseBytes) return false
  return launcher.usedCpus + coreSlack < launcher.facts.cpus || backlogOf(launcher) > 0
}

/** It is there, was heard of lately, and takes work. */
function isOffering(launcher: LauncherState): boolean {
  return launcher.link !== null && launcher.live.state() === 'connected'
}

function roomOf(launcher: LauncherState): LauncherRoom {
  return {
    cpus: launcher.facts.cpus,
    usedCpus: launcher.usedCpus,
    backlog: backlogOf(launcher),
    tasksMax: limits.assignTasksMax,
    wfFilter: launcher.facts.wfFilter,
  }
}

/**
 * Tasks that a launcher may hold beyond its slots: some hundred ms of work,
 * none before it is known how long tasks take.
 */
export function backlogOf(launcher: Pick<LauncherState, 'meanTaskMs' | 'facts'>): number {
  if (launcher.meanTaskMs === null) return 0
  const { cpus } = launcher.facts
  const byTime = (limits.backlogMs * cpus) / Math.max(launcher.meanTaskMs, 0.1)
  const most = Math.min(limits.backlogTasksMax, Math.max(backlogTasksMin, 32 * cpus))
  const tasks = Math.floor(Math.min(byTime, most))
  // Long tasks: a backlog of less than one per core only keeps work from launchers with room.
  return tasks < cpus ? 0 : tasks
}

function lease(core: Core, turn: Turn, queue: Queue, launcher: LauncherState, count: number): void {
  const { site } = core
  const cpus = footprint(queue.shape, launcher.facts.cpus)
  const { jobs, ranges } = site.queues.take(queue, count, site.spans)
  let token = core.counters.takeTokens(turn, count)
  const firstToken = token
  const flat: number[] = []
  const leased = turn.assignments.get(launcher.id) ?? []
  turn.assignments.set(launcher.id, leased)
  for (const job of jobs) {
    flat.push(job.id, 1)
    openLease(site, job, turn.at, launcher.id, token, cpus)
    leased.push(job)
    token += 1
  }
  for (const { span, first, count: some } of ranges) {
    flat.push(first, some)
    for (let id = first; id < first + some; id += 1) {
      const job = openFromSpan(site, span, id)
      openLease(site, job, turn.at, launcher.id, token, cpus)
      leased.push(job)
      token += 1
    }
  }
  turn.records.push(['assign', launcher.id, launcher.facts.cpus, firstToken, flat])
}

/** With nothing ready: half of the longest backlog goes back, when somebody idles. */
function recallForIdle(core: Core, turn: Turn): void {
  let hasIdle = false
  let busiest: LauncherState | null = null
  for (const launcher of core.site.launchers.values()) {
    if (!isOffering(launcher)) continue
    if (launcher.leases === 0 && launcher.facts.cpus > 0) hasIdle = true
    if (surplus(launcher) > (busiest === null ? 0 : surplus(busiest))) busiest = launcher
  }
  if (!hasIdle || busiest === null || busiest.isRecalling) return
  const count = Math.floor(surplus(busiest) / 2)
  if (count === 0) return
  busiest.isRecalling = true
  turn.recalls.push({ launcher: busiest.id, count })
}

/** Tasks that a launcher holds beyond what runs at once, by the mean size of its tasks. */
function surplus(launcher: LauncherState): number {
  if (launcher.leases === 0) return 0
  return (
    launcher.leases -
    (launcher.leases * launcher.facts.cpus) / Math.max(launcher.usedCpus, coreSlack)
  )
}
