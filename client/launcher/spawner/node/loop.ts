// The spawners without koffi: the common part driven by Node's own event loop.
// Must never end while a task runs, though the launcher may be gone.
import { limits } from '../../../../protocol/limits.ts'
import type { Clock, Timer } from '../../../../protocol/ports.ts'
import type { Backend, Ending } from '../backend.ts'
import { makeControl } from '../control.ts'
import type { Journal } from '../journal.ts'
import { makeLineSplitter, parseCommand } from '../lines.ts'
import type { SpawnerKind } from '../messages.ts'
import { makeReports } from '../reports.ts'
import type { Running } from '../running.ts'
import type { SpawnerSettings } from '../settings.ts'
import { makeSpawner } from '../spawner.ts'

/** Tells that a task ended. */
export type OnEnded = (running: Running, ending: Ending) => void

/** Runs until everything is done, then ends the process. */
export function runNodeSpawner(
  kind: SpawnerKind | 'python',
  settings: SpawnerSettings,
  journal: Journal,
  clock: Clock,
  makeBackend: (onEnded: OnEnded) => Backend,
): void {
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGUSR2'] as const) {
    process.on(signal, () => undefined)
  }
  const reports = makeReports((lines) => process.stdout.write(lines))
  const backend = makeBackend((running, ending) => {
    spawner.ended(running, ending)
    changed()
  })
  // What a dead launcher had still asked for its successor knows nothing of, and may run elsewhere.
  const hasLauncher = (): boolean => process.ppid === settings.launcherPid
  const spawner = makeSpawner({ backend, journal, reports, clock, hasLauncher })
  const splitter = makeLineSplitter()
  const control = makeControl(settings.journalFile)
  let isOrphaned = false
  let timer: Timer | null = null

  const changed = (): void => {
    spawner.settle()
    timer?.cancel()
    timer = null
    if (spawner.isDone()) return end()
    const dueInMs = spawner.dueInMs()
    if (dueInMs < Number.POSITIVE_INFINITY) timer = clock.after(dueInMs, changed)
  }
  const end = (): void => {
    if (isOrphaned) process.exit(0)
    process.stdout.end(() => process.exit(0))
  }
  const pollControl = (): void => {
    for (const command of control.read()) spawner.accept(command)
    changed()
    clock.after(limits.controlPollMs, pollControl)
  }
  const orphan = (): void => {
    if (isOrphaned) return
    isOrphaned = true
    spawner.orphan()
    pollControl()
  }

  process.stdin.on('data', (chunk: Buffer) => {
    if (isOrphaned || !hasLauncher()) return orphan()
    for (const line of splitter.push(chunk)) spawner.accept(parseCommand(line))
    changed()
  })
  process.stdin.on('end', orphan)
  process.stdin.on('error', orphan)
  process.stdout.on('error', orphan)
  reports.say({ op: 'ready', pid: process.pid, kind })
  changed()
}
