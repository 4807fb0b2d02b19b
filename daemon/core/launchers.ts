// What launchers say, as events: hello, reports, goodbyes, silence. Leases decide; a silent
// launcher's jobs are run nowhere else while its allocation may live.

import { decodeLauncherFrame, encodeFrame } from '../../protocol/codec.ts'
import { exitReasons } from '../../protocol/exit-reasons.ts'
import { Fault, fault } from '../../protocol/faults.ts'
import {
  type ExitedFrame,
  exitStride,
  frameKind,
  frameVersions,
  type HelloFacts,
  type LauncherFrame,
} from '../../protocol/frames.ts'
import { limits } from '../../protocol/limits.ts'
import type { FrameLinkHandlers } from '../../protocol/ports.ts'
import type { Door, LauncherLink, LauncherPeer } from '../links/door.ts'
import { type Core, decideIn } from './core.ts'
import { sayGoodbye } from './goodbye.ts'
import { greet } from './hello.ts'
import type { LauncherState } from './launcher-state.ts'
import { relayCall } from './relay.ts'
import { refuse, type Session } from './session.ts'
import { attemptKilling, factsOf } from './steps.ts'
import type { Turn } from './turn.ts'

/** Takes a new connection; the first frame must be a hello. */
export function launcherConnected(
  core: Core,
  link: LauncherLink,
  peer: LauncherPeer,
  door: Door,
): FrameLinkHandlers {
  const session: Session = { link, peer, door, launcher: null, isClosed: false }
  return {
    onFrame(bytes) {
      try {
        hear(core, session, decodeLauncherFrame(bytes))
      } catch (error) {
        if (!(error instanceof Fault)) throw error
        refuse(core, session, error)
      }
    },
    onClose(reason) {
      session.isClosed = true
      core.loop.deliver({ name: 'link closed', handle: () => linkClosed(core, session, reason) })
    },
  }
}

function hear(core: Core, session: Session, frame: LauncherFrame): void {
  if (frame[0] === frameKind.hello) {
    const [, facts] = frame
    checkHello(core, session, facts)
    core.loop.deliver({ name: 'hello', handle: (turn) => greet(core, turn, session, facts) })
    return
  }
  const { launcher } = session
  // Frames that overtake the turn of their hello:
  // a launcher waits for its welcome before it speaks.
  if (launcher === null) throw fault('FRAME_INVALID', { what: 'a frame before the welcome' })
  launcher.lastHeardMs = core.clock.monotonicMs()
  if (launcher.live.state() === 'silent') {
    launcher.live.deliver({ type: 'FRAME_HEARD' })
    launcher.node.deliver({ type: 'HEARD' })
  }
  core.loop.deliver({
    name: 'frame',
    handle: (turn) => take(core, turn, session, launcher, frame),
  })
}

function checkHello(core: Core, session: Session, facts: HelloFacts): void {
  if (session.launcher !== null) throw fault('FRAME_INVALID', { what: 'a second hello' })
  if (facts.versionOldest > frameVersions.newest || facts.versionNewest < frameVersions.oldest) {
    // Not for good: it goes on with its tasks, and the next daemon may be of its build again.
    throw fault('VERSION_MISMATCH', {
      client: `(launcher, frame versions ${facts.versionOldest} to ${facts.versionNewest})`,
      daemon: `(frame versions ${frameVersions.oldest} to ${frameVersions.newest})`,
    })
  }
  if (facts.siteId !== core.reign.siteId)
    throw fault('LAUNCHER_REFUSED', { what: 'it belongs to another site' })
  if (facts.epochSeen > core.reign.epoch) {
    proveReign(core)
    throw fault('STALE_EPOCH')
  }
  const { allocationId } = session.peer
  if (allocationId !== null && allocationId !== facts.allocationId) throw fault('NOT_AUTHENTICATED')
}

function take(
  core: Core,
  turn: Turn,
  session: Session,
  launcher: LauncherState,
  frame: Exclude<LauncherFrame, readonly [typeof frameKind.hello, ...unknown[]]>,
): void {
  switch (frame[0]) {
    case frameKind.started:
      return decideIn(core, turn, ['start', frame[1]])
    case frameKind.exited:
      return takeExits(core, turn, session, launcher, frame)
    case frameKind.returned:
      launcher.isRecalling = false
      if (frame[1].length > 0) decideIn(core, turn, ['withdraw', frame[1], 'given back'])
      return
    case frameKind.heartbeat:
      launcher.running = frame[1]
      launcher.queued = frame[2]
      return
    case frameKind.bye:
      return sayGoodbye(core, turn, launcher, frame[1])
    case frameKind.call:
      return relayCall(core, session, frame)
  }
}

function takeExits(
  core: Core,
  turn: Turn,
  session: Session,
  launcher: LauncherState,
  frame: ExitedFrame,
): void {
  const [, report, flat, reasons] = frame
  learnDuration(core, launcher, flat)
  if (core.site.apps.size > 0) lookForBlackHole(core, turn, launcher, frame)
  decideIn(core, turn, ['exit', flat, reasons])
  turn.effects.push(() => {
    if (!session.isClosed) session.link.send(encodeFrame([frameKind.ack, core.reign.epoch, report]))
  })
}

/** Recent mean duration of a launcher's tasks: a new report counts for a quarter. */
function learnDuration(core: Core, launcher: LauncherState, flat: readonly number[]): void {
  let sum = 0
  let count = 0
  for (let index = 0; index < flat.length; index += exitStride) {
    // Hooks and transfers run beside the cores.
    if (launcher.steps > 0 && isStep(core, flat[index] ?? 0)) continue
    sum += flat[index + 4] ?? 0
    count += 1
  }
  if (count === 0) return
  const mean = sum / count
  launcher.meanTaskMs =
    launcher.meanTaskMs === null ? mean : launcher.meanTaskMs * 0.75 + mean * 0.25
}

/** A node on which an app only fails gives back what it holds, and gets no more of it. */
function lookForBlackHole(
  core: Core,
  turn: Turn,
  launcher: LauncherState,
  [, , flat, reasons]: ExitedFrame,
): void {
  const asked = new Map(reasons)
  for (let index = 0; index < flat.length; index += exitStride) {
    const [token = 0, code = -1, , startedAt = 0, wallMs = 0] = flat.slice(index, index + 5)
    const job = core.site.leases.get(token)
    if (job === undefined || job.step !== 0 || job.attempt === attemptKilling) continue
    const { app } = factsOf(job.queue.shape)
    if (app === undefined || startedAt === 0 || isEnding(asked.get(token))) continue
    const { node } = launcher.facts
    const now = core.clock.monotonicMs()
    if (!core.blackHoles.ended(app, node, code === 0, wallMs, now)) continue
    turn.recalls.push({ launcher: launcher.id, count: launcher.leases })
    core.log.warn('an app fails at once on a node and not on others', { app, node })
    core.clock.after(limits.exclusionMs, () => {
      core.loop.deliver({ name: 'another chance for a node', handle: () => undefined })
    })
  }
}

/** Ended by its launcher, not by itself. */
function isEnding(reason: string | undefined): boolean {
  return Object.values(exitReasons).some((each) => each === reason)
}

function isStep(core: Core, token: number): boolean {
  return (core.site.leases.get(token)?.step ?? 0) !== 0
}

function linkClosed(core: Core, session: Session, reason: string): void {
  const { launcher } = session
  // A launcher that is back on a newer link has lost nothing.
  if (launcher === null || launcher.link !== session.link) return
  launcher.link = null
  launcher.isRecalling = false
  launcher.live.deliver({ type: 'LINK_CLOSED' })
  launcher.node.deliver({ type: 'SILENT' })
  core.log.info('a launcher was cut off', {
    launcher: launcher.id,
    node: launcher.facts.node,
    reason,
  })
}

/** Looks into the store whether another daemon reigns by now; then this one must end. */
export function proveReign(core: Core): void {
  core.store.reigns().then(
    (isOurs) => {
      if (!isOurs) core.die(fault('STALE_EPOCH'))
    },
    // What can't be read now is looked at again; writing without the epoch is impossible anyway.
    () => undefined,
  )
}

/** Looks for launchers that have not been heard of for too long. Shown, and nothing else. */
export function lookForSilence(core: Core): void {
  const before = core.clock.monotonicMs() - limits.heartbeatSilenceMsMax
  for (const launcher of core.site.launchers.values()) {
    if (launcher.link === null || launcher.lastHeardMs >= before) continue
    launcher.live.deliver({ type: 'HEARTBEAT_MISSED' })
    launcher.node.deliver({ type: 'SILENT' })
  }
}
