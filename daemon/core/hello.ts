// A launcher says hello: it is recognised, and its leases are compared with what it holds.
// What it never got is sent again; what died with an earlier start of it is given back or lost.
import { encodeFrame } from '../../protocol/codec.ts'
import { fault } from '../../protocol/faults.ts'
import { frameKind, frameVersions, type HelloFacts } from '../../protocol/frames.ts'
import type { LeaseToken } from '../../protocol/job.ts'
import { limits } from '../../protocol/limits.ts'
import { move } from './allocations.ts'
import { type Core, decideIn } from './core.ts'
import { drain as drainLauncher } from './goodbye.ts'
import type { LauncherFacts, LauncherState } from './launcher-state.ts'
import { makeLauncher, storeLauncher } from './launcher-store.ts'
import type { OpenJob } from './open-job.ts'
import { send } from './send.ts'
import { refuse, type Session } from './session.ts'
import { attemptKilling } from './steps.ts'
import type { Turn } from './turn.ts'

/** Decides what a hello means. */
export function greet(core: Core, turn: Turn, session: Session, hello: HelloFacts): void {
  if (session.isClosed) return
  const allocation = core.allocations.get(hello.allocationId)
  if (allocation === undefined || !allocation.isLive()) {
    const what = `allocation ${hello.allocationId} is not known or has ended`
    refuse(core, session, fault('LAUNCHER_REFUSED', { what }))
    return
  }
  const facts: LauncherFacts = {
    allocationId: allocation.id,
    nodeIndex: hello.nodeIndex,
    node: hello.node,
    incarnation: hello.incarnation,
    cpus: hello.cpus,
    memoryMiB: hello.memoryMiB,
    wfFilter: allocation.facts.wfFilter,
    hookSlots: hello.hookSlots,
  }
  const known = findLauncher(core, facts)
  const launcher = known ?? makeLauncher(core, core.counters.takeLauncher(turn), facts)
  const effects = launcher.live.deliver({ type: 'HELLO', incarnation: facts.incarnation })
  const welcome = effects.find((effect) => effect.type === 'welcome')
  if (welcome === undefined) {
    refuse(
      core,
      session,
      fault('LAUNCHER_REFUSED', { what: 'its allocation has ended or been requeued' }),
    )
    return
  }
  launcher.node.deliver({ type: 'HEARD' })
  launcher.facts = facts
  connect(core, launcher, session)
  storeLauncher(core, turn, launcher)
  compareLeases(core, turn, launcher, new Set(hello.held), welcome.isNewIncarnation)
  const drain = effects.find((effect) => effect.type === 'drain')
  if (drain !== undefined) {
    turn.effects.push(() =>
      send(launcher, [frameKind.drain, core.reign.epoch, drain.how, core.killGraceMs]),
    )
  }
  if (allocation.live.state() !== 'RUNNING') {
    move(core, turn, allocation, { type: 'LAUNCHER_HEARD', atMs: turn.at })
  }
  if (allocation.live.state() === 'ENDING') drainLauncher(core, turn, launcher)
  turn.effects.push(() =>
    core.log.info('a launcher is connected', { launcher: launcher.id, node: facts.node }),
  )
}

function findLauncher(core: Core, facts: LauncherFacts): LauncherState | null {
  for (const launcher of core.site.launchers.values()) {
    const { allocationId, nodeIndex } = launcher.facts
    if (allocationId === facts.allocationId && nodeIndex === facts.nodeIndex) return launcher
  }
  return null
}

function connect(core: Core, launcher: LauncherState, session: Session): void {
  if (launcher.link !== null && launcher.link !== session.link)
    launcher.link.close('replaced by a newer connection')
  session.launcher = launcher
  session.link.accept()
  launcher.link = session.link
  launcher.templates.clear()
  launcher.isRecalling = false
  launcher.lastHeardMs = core.clock.monotonicMs()
  launcher.connectedAtMs = core.clock.wallMs()
  // The welcome names no decision, so it need not wait for the commit; assignments do.
  session.link.send(
    encodeFrame([
      frameKind.welcome,
      frameVersions.newest,
      core.reign.epoch,
      launcher.id,
      limits.heartbeatMs,
    ]),
  )
}

function compareLeases(
  core: Core,
  turn: Turn,
  launcher: LauncherState,
  held: ReadonlySet<LeaseToken>,
  isRestarted: boolean,
): void {
  const neverGot: OpenJob[] = []
  const died: LeaseToken[] = []
  for (const job of core.site.leases.values()) {
    if (job.launcher !== launcher.id || held.has(job.token)) continue
    if (isRestarted || job.startedAt !== null) died.push(job.token)
    else neverGot.push(job)
  }
  // An earlier start of the launcher is over and it holds
  // nothing else that is marked: they are dead.
  if (died.length > 0) decideIn(core, turn, ['lost', died, 'lost', 'the launcher was restarted'])
  resend(core, turn, launcher, neverGot)
  for (const token of held) {
    const job = core.site.leases.get(token)
    if (job === undefined || job.attempt === attemptKilling)
      turn.kills.push({ launcher: launcher.id, token })
  }
}

/** Leases that the launcher never got: sent again, unless nobody wants them any more. */
function resend(core: Core, turn: Turn, launcher: LauncherState, jobs: readonly OpenJob[]): void {
  const unwanted = jobs.filter((job) => job.attempt === attemptKilling).map((job) => job.token)
  if (unwanted.length > 0) decideIn(core, turn, ['withdraw', unwanted, 'killed before it was sent'])
  const wanted = jobs.filter((job) => job.token !== 0)
  if (wanted.length === 0) return
  const assignments = turn.assignments.get(launcher.id) ?? []
  assignments.push(...wanted)
  turn.assignments.set(launcher.id, assignments)
}
