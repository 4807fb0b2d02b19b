// The end of a launcher: idle, drained, stopped, out of walltime, or given up by the daemon.
// Must never end before its tasks have, nor before their exits are heard while there is hope.
import { exitReasons } from '../../../protocol/exit-reasons.ts'
import { limits } from '../../../protocol/limits.ts'
import type { Timer } from '../../../protocol/ports.ts'
import type { LauncherPorts, LauncherSettings } from './ports.ts'

/** finishing: takes no new work; stopping: its tasks are being ended; ended: nothing is left. */
type Phase = 'serving' | 'finishing' | 'stopping' | 'ended'

/** What the end needs to know and do. */
export interface LifeHandlers {
  isConnected(): boolean
  /** Tasks queued or in lanes. */
  openTasks(): number
  pendingExits(): number
  /** Gives queued tasks back and ends the others (TERM, grace, KILL). */
  endTasks(reason: string, graceMs: number): void
  bye(reason: string): void
  /** Lets go of connection, runner and timers. */
  close(reason: string): void
}

/** The course of one launcher's life. */
export interface Life {
  start(): void
  /** May new work be taken? */
  isServing(): boolean
  /** May held work be started? */
  isRunning(): boolean
  /** Ends when the held work is done. */
  finish(): void
  stop(reason: string, graceMs: number): void
  /** The daemon gave this launcher up: its jobs may run elsewhere, so tasks end, untold. */
  abandon(reason: string): void
  /** Looks whether it is time to end. Called after everything that happens. */
  check(): void
}

/** A life that has not begun. */
export function makeLife(
  settings: LauncherSettings,
  ports: LauncherPorts,
  handlers: LifeHandlers,
): Life {
  const { clock, log } = ports
  let phase: Phase = 'serving'
  let why = 'drained'
  let isAbandoned = false
  let idle: Timer | null = null
  let wallTime: Timer | null = null
  let deadline: Timer | null = null

  const end = (): void => {
    if (phase === 'ended') return
    phase = 'ended'
    for (const timer of [idle, wallTime, deadline]) timer?.cancel()
    if (!isAbandoned) handlers.bye(why)
    handlers.close(why)
    log.info('launcher ends', { reason: why, pendingExits: handlers.pendingExits() })
    ports.onEnd(why)
  }
  const stop = (reason: string, graceMs: number): void => {
    if (phase === 'ended' || phase === 'stopping') return
    phase = 'stopping'
    why = reason
    log.info('launcher stops', { reason, graceMs, openTasks: handlers.openTasks() })
    // After KILL nothing of a task is left; whoever reads the journals gets the exits all the same.
    deadline = clock.after(graceMs + limits.stopReportMsMax, end)
    handlers.endTasks(reason, graceMs)
    check()
  }
  const check = (): void => {
    if (phase === 'ended') return
    const isEmpty = handlers.openTasks() === 0 && (isAbandoned || handlers.pendingExits() === 0)
    const isHeard = isAbandoned || handlers.isConnected()
    if (phase !== 'serving') {
      if (isEmpty && isHeard) end()
    } else if (settings.idleExitMs !== null) {
      watchIdle(isEmpty && isHeard, settings.idleExitMs)
    }
  }
  const watchIdle = (isIdle: boolean, idleExitMs: number): void => {
    if (!isIdle) {
      idle?.cancel()
      idle = null
    } else {
      idle ??= clock.after(idleExitMs, () => {
        why = 'idle'
        end()
      })
    }
  }

  return {
    start() {
      const leftMs = settings.wallTimeLeftMs
      if (leftMs === null) return
      const stopMs = Math.max(0, leftMs - settings.killGraceMs)
      wallTime = clock.after(stopMs, () => stop(exitReasons.wallTime, settings.killGraceMs))
    },
    isServing: () => phase === 'serving',
    isRunning: () => phase === 'serving' || phase === 'finishing',
    finish() {
      if (phase !== 'serving') return
      phase = 'finishing'
      idle?.cancel()
      check()
    },
    stop,
    abandon(reason) {
      isAbandoned = true
      if (phase === 'stopping') check()
      else stop(reason, settings.killGraceMs)
    },
    check,
  }
}
