// The supervisor of one allocation on this machine: its launchers live and end with it.
// Must never end while a process with the allocation's marker lives.
import { renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { AllocationFile } from '../../../protocol/allocation-file.ts'
import { allocationMarkerVariable, runFiles } from '../../../protocol/allocation-file.ts'
import { limits } from '../../../protocol/limits.ts'
import type { Clock, Log, Timer } from '../../../protocol/ports.ts'
import type { SupervisorFile } from '../allocation.ts'
import { bootId, markedProcesses, signalProcess, startTimeOf } from '../machine/processes.ts'
import { sweep } from '../machine/sweep.ts'
import { allocationMarker, nodeIndexVariable } from '../task/base-environment.ts'
import type { Keeper } from './keeper.ts'
import { makeKeeper } from './keeper.ts'
import { becomeReaper } from './reaper.ts'

/** Spawners whose launcher said goodbye have nothing left to do and end by themselves. */
const farewellMs = 200

/** Runs an allocation to its end; resolves when nothing of it is left. */
export async function supervise(
  runDirectory: string,
  file: AllocationFile,
  ports: { readonly clock: Clock; readonly log: Log },
): Promise<void> {
  const { clock, log } = ports
  const marker = allocationMarker(file)
  const keepers: Keeper[] = []
  const end = Promise.withResolvers<void>()
  const onDone = (): void => {
    if (keepers.every((keeper) => keeper.isDone())) end.resolve()
  }

  await becomeReaper((pid) => keepers.some((keeper) => keeper.pid() === pid), log)
  writeIdentity(runDirectory, clock)
  log.info('supervisor starts', { marker, nodes: file.nodes.length })
  for (const { argv, nodeIndex } of launcherCommands(runDirectory, file)) {
    const environment: NodeJS.ProcessEnv = {
      ...process.env,
      [allocationMarkerVariable]: marker,
      [nodeIndexVariable]: nodeIndex,
    }
    keepers.push(makeKeeper({ argv, environment }, ports, onDone))
  }
  for (const keeper of keepers) keeper.start()

  const timers: Timer[] = []
  let isStopping = false
  const kill = (): void => {
    log.error('launchers did not end in time', {})
    for (const keeper of keepers) keeper.stop()
    for (const found of markedProcesses(marker)) signalProcess(found, 'SIGKILL')
  }
  const stop = (reason: string): void => {
    if (isStopping) return
    isStopping = true
    log.info('supervisor stops its launchers', { reason })
    for (const keeper of keepers) keeper.stop()
    timers.push(clock.after(file.killGraceMs + limits.stopReportMsMax + limits.stopSlackMs, kill))
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop(signal))
  // A terminal that is closed is no reason to end an allocation.
  process.on('SIGHUP', () => undefined)
  if (file.wallTimeSeconds !== null) {
    // Launchers stop by themselves one grace before; this is for those that can't.
    timers.push(
      ...wallTimeGuard(file.wallTimeSeconds * 1000, marker, file.killGraceMs, clock, kill),
    )
  }

  await end.promise
  for (const timer of timers) timer.cancel()
  await new Promise<void>((resolve) => {
    clock.after(farewellMs, resolve)
  })
  const left = await sweep(marker, () => true, clock)
  log.info('supervisor ends', { left })
}

/** One process for each node; tasks without processes need no more than one for all. */
function launcherCommands(
  runDirectory: string,
  file: AllocationFile,
): { readonly argv: string[]; readonly nodeIndex: string | undefined }[] {
  const command = [...launcherProgram(), '--run-dir', runDirectory]
  if (file.isNoExec) return [{ argv: [...command, '--all-nodes'], nodeIndex: undefined }]
  return file.nodes.map((_, index) => {
    const nodeIndex = String(index)
    return { argv: [...command, '--node-index', nodeIndex], nodeIndex }
  })
}

/** The launcher beside this program: in the sources, or in dist where everything is one file. */
function launcherProgram(): string[] {
  const self = import.meta.filename
  const isSource = self.endsWith('.ts')
  const launcher = isSource ? join(dirname(self), '../main.ts') : join(dirname(self), 'launcher.js')
  return [process.execPath, '--disable-warning=ExperimentalWarning', launcher]
}

/** At the end TERM to tasks that still live, a grace later KILL to everything. */
function wallTimeGuard(
  wallTimeMs: number,
  marker: string,
  graceMs: number,
  clock: Clock,
  kill: () => void,
): Timer[] {
  const term = (): void => {
    for (const found of markedProcesses(marker)) {
      if (found.token !== null) signalProcess(found, 'SIGTERM')
    }
  }
  const lastMs = wallTimeMs + Math.max(graceMs, limits.stopReportMsMax) + limits.stopSlackMs
  return [clock.after(wallTimeMs, term), clock.after(lastMs, kill)]
}

/** Written aside and renamed: a reader finds it whole or not at all. */
function writeIdentity(runDirectory: string, clock: Clock): void {
  const identity: SupervisorFile = {
    pid: process.pid,
    startTime: startTimeOf(process.pid) ?? 0,
    bootId: bootId(),
    startedAtMs: clock.wallMs(),
  }
  const path = join(runDirectory, runFiles.supervisor)
  writeFileSync(`${path}.new`, `${JSON.stringify(identity)}\n`, { mode: 0o600 })
  renameSync(`${path}.new`, path)
}
