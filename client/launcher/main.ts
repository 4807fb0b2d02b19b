// The launcher program: `--run-dir DIR` with `--node-index K` or `--all-nodes`.
// Must never outlive its supervisor, whose end it sees in the end of its standard input.
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import type { AllocationFile } from '../../protocol/allocation-file.ts'
import { runFiles } from '../../protocol/allocation-file.ts'
import type { Log } from '../../protocol/ports.ts'
import { readAllocation, readSupervisor } from './allocation.ts'
import type { Launcher } from './core/launcher.ts'
import { machineView } from './machine/memory.ts'
import type { NodePlan, NodePorts } from './node.ts'
import { startNoExecNode } from './node.ts'
import { realClock, realRandomness } from './ports/clock.ts'
import { makeDialer } from './ports/dialer.ts'
import { fileLog } from './ports/log.ts'
import { launcherExit } from './supervisor/keeper.ts'

const { values } = parseArgs({
  options: {
    'run-dir': { type: 'string' },
    'node-index': { type: 'string' },
    'all-nodes': { type: 'boolean' },
  },
})
const runDirectory = resolve(values['run-dir'] ?? '')
const nodeIndex = values['all-nodes'] === true ? null : Number(values['node-index'] ?? 'NaN')
/** Time for the goodbye to leave this process. */
const farewellMs = 50
const log = fileLog(join(runDirectory, runFiles.log), { who: 'launcher', node: nodeIndex ?? 'all' })

process.on('uncaughtException', (error) => fail('launcher crashed', error, launcherExit.crashed))
process.on('unhandledRejection', (error) => fail('launcher crashed', error, launcherExit.crashed))
endWithSupervisor(log)
const allocation = readOrFail()
log.bound(allocation.log)
await run(allocation)

function readOrFail(): AllocationFile {
  try {
    return readAllocation(runDirectory)
  } catch (error) {
    return fail('the allocation cannot be read', error, launcherExit.cannotRun)
  }
}

async function run(file: AllocationFile): Promise<void> {
  const clock = realClock()
  const ports: NodePorts = {
    clock,
    log,
    randomness: realRandomness(),
    dialer: makeDialer(() => readAllocation(runDirectory), clock),
    machine: machineView(clock, log),
  }
  const indexes = nodeIndex === null ? file.nodes.map((_, index) => index) : [nodeIndex]
  const launchers: Launcher[] = []
  let isTold = false
  const stopAll = (): void => {
    isTold = true
    for (const launcher of launchers) launcher.stop('terminated', file.killGraceMs)
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, stopAll)
  process.on('SIGHUP', () => undefined)

  let left = indexes.length
  const onEnd = (): void => {
    left--
    // The last frames are with the kernel only after this turn.
    if (left === 0) clock.after(farewellMs, () => process.exit(launcherExit.goodbye))
  }
  const wallTimeLeftMs = wallTimeLeft(file, clock.wallMs())
  for (const index of indexes) {
    const plan = { runDirectory, file, nodeIndex: index, wallTimeLeftMs }
    launchers.push(await startNode(plan, ports, onEnd))
  }
  if (isTold) stopAll()
}

async function startNode(plan: NodePlan, ports: NodePorts, onEnd: () => void): Promise<Launcher> {
  if (plan.file.isNoExec) return startNoExecNode(plan, ports, onEnd)
  const { startRealNode } = await import('./real-node.ts')
  return startRealNode(plan, ports, onEnd)
}

/** The walltime counts from the supervisor's start, however often a launcher was started again. */
function wallTimeLeft(file: AllocationFile, nowMs: number): number | null {
  if (file.wallTimeSeconds === null) return null
  return readSupervisor(runDirectory).startedAtMs + file.wallTimeSeconds * 1000 - nowMs
}

/** Its spawners finish their tasks and write down the exits for whoever comes next. */
function endWithSupervisor(to: Log): void {
  const ended = (): void => {
    to.error('the supervisor is gone', {})
    process.exit(launcherExit.crashed)
  }
  process.stdin.on('end', ended).on('error', ended).resume()
}

function fail(what: string, error: unknown, code: number): never {
  log.error(what, { error: error instanceof Error ? error.stack : String(error) })
  process.exit(code)
}
