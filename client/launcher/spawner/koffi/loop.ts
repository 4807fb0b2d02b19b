// The koffi spawner: one synchronous loop of poll, reap, start. It never returns to Node's own
// loop, so that a start costs a spawn and little else. Must never block in anything but poll.
import { readdirSync, readSync } from 'node:fs'
import { limits } from '../../../../protocol/limits.ts'
import type { Clock } from '../../../../protocol/ports.ts'
import type { Backend } from '../backend.ts'
import { makeControl } from '../control.ts'
import type { Journal } from '../journal.ts'
import { makeLineSplitter, parseCommand } from '../lines.ts'
import type { Marked } from '../processes.ts'
import { findMarked, isLiving, readProcess } from '../processes.ts'
import { makeReports } from '../reports.ts'
import type { SpawnerSettings } from '../settings.ts'
import type { Spawner } from '../spawner.ts'
import { makeSpawner } from '../spawner.ts'
import type { Child, Children } from './children.ts'
import { makeChildren } from './children.ts'
import type { Libc } from './libc.ts'
import { makeOutput } from './output.ts'
import { signalHeld } from './pidfd.ts'
import type { Reaper } from './reap.ts'
import { makeReaper } from './reap.ts'
import { closeAllOnExec, limitOpenFiles } from './spawn-settings.ts'
import { makeStarter } from './start.ts'

const becomeSubreaper = 36
const ignore = 1
/** HUP, INT, QUIT, USR1, USR2, TERM: the launcher decides when a spawner ends, not a terminal. */
const ignoredSignals = [1, 2, 3, 10, 12, 15]
const readBytes = 256 * 1024
/** Without pidfds, children are looked at this often. */
const pollWithoutPidfdsMs = 2

/** Runs until everything is done. */
export function runKoffiSpawner(
  libc: Libc,
  settings: SpawnerSettings,
  journal: Journal,
  clock: Clock,
): void {
  for (const signal of ignoredSignals) libc.signal(signal, ignore)
  libc.prctl(becomeSubreaper, 1, 0, 0, 0)
  closeAllOnExec(libc)
  if (settings.openFilesSoft !== null) limitOpenFiles(libc, settings.openFilesSoft)
  const children = makeChildren(libc)
  const reaper = makeReaper(libc)
  const output = makeOutput(libc, settings.log)
  const reports = makeReports((lines) => output.send(lines))
  const backend = makeBackend(libc, children, clock)
  // What a dead launcher had still asked for its successor knows nothing of, and may run elsewhere.
  const hasLauncher = (): boolean => process.ppid === settings.launcherPid
  const spawner = makeSpawner({ backend, journal, reports, clock, hasLauncher })
  reports.say({ op: 'ready', pid: process.pid, kind: 'koffi' })

  const splitter = makeLineSplitter()
  const buffer = Buffer.allocUnsafeSlow(readBytes)
  const control = makeControl(settings.journalFile)
  let isOrphaned = false
  const orphan = (): void => {
    if (isOrphaned) return
    isOrphaned = true
    children.stopCommands()
    children.watchOutput(false)
    spawner.orphan()
  }
  const readCommands = (): void => {
    const length = readSync(0, buffer)
    if (length === 0 || !hasLauncher()) return orphan()
    for (const line of splitter.push(buffer.subarray(0, length))) {
      const command = parseCommand(line)
      spawner.accept(command)
    }
  }

  let reapAtMs = Number.POSITIVE_INFINITY
  for (;;) {
    spawner.settle()
    if (output.isBroken()) orphan()
    if (spawner.isDone() && (isOrphaned || output.isEmpty())) break
    if (!isOrphaned) children.watchOutput(!output.isEmpty())
    const nowMs = clock.monotonicMs()
    if (!spawner.isIdle() && reapAtMs === Number.POSITIVE_INFINITY) reapAtMs = nowMs + limits.reapMs
    let waitMs = Math.min(spawner.dueInMs(), reapAtMs - nowMs)
    if (isOrphaned) waitMs = Math.min(waitMs, limits.controlPollMs)
    if (!children.hasPidfds() && !spawner.isIdle()) waitMs = Math.min(waitMs, pollWithoutPidfdsMs)
    children.wait(waitMs === Number.POSITIVE_INFINITY ? -1 : Math.max(0, Math.ceil(waitMs)))

    const ended = children.hasPidfds() ? children.ended() : [...children.all()]
    for (const child of ended) endIfReaped(child, children, reaper, spawner)
    if (!isOrphaned && children.hasCommand()) readCommands()
    if (!isOrphaned) output.retry()
    else for (const command of control.read()) spawner.accept(command)
    if (clock.monotonicMs() >= reapAtMs) {
      const isAlone = reapAdopted(children, reaper, spawner)
      reapAtMs = isAlone ? Number.POSITIVE_INFINITY : clock.monotonicMs() + limits.reapMs
    }
  }
}

function endIfReaped(child: Child, children: Children, reaper: Reaper, spawner: Spawner): void {
  const reaped = reaper.reap(child.running.pid)
  if (reaped === null || reaped === 'none') return
  children.remove(child)
  spawner.ended(child.running, reaped.ending)
}

/** Reaps processes that tasks left behind. True when no child of any kind is left. */
function reapAdopted(children: Children, reaper: Reaper, spawner: Spawner): boolean {
  for (;;) {
    const reaped = reaper.reap(-1)
    if (reaped === 'none') return true
    if (reaped === null) return false
    const child = children.byPid(reaped.pid)
    if (child === undefined) continue
    children.remove(child)
    spawner.ended(child.running, reaped.ending)
  }
}

function makeBackend(libc: Libc, children: Children, clock: Clock): Backend {
  const starter = makeStarter(libc, clock)
  const signalOne = ({ pid, startTime }: Marked, signal: number): boolean =>
    signalHeld(libc, pid, signal, () => isLiving(pid, startTime))
  return {
    environment: (id, environment) => starter.environment(id, environment),
    start(running) {
      const refusal = starter.start(running)
      if (refusal === null) children.add(running)
      return refusal
    },
    // Not reaped yet, so the pid is still the group's.
    signal: ({ pid }, signal) => void libc.kill(-pid, signal),
    killGroup(group) {
      for (const name of readdirSync('/proc')) {
        const pid = Number(name)
        if (!Number.isInteger(pid) || readProcess(pid)?.group !== group) continue
        signalHeld(libc, pid, 9, () => readProcess(pid)?.group === group)
      }
    },
    signalMarked(markers, signal, exceptGroups) {
      const found = findMarked((marker) => markers.has(marker))
      return found.filter((one) => !exceptGroups.has(one.group) && signalOne(one, signal))
    },
  }
}
