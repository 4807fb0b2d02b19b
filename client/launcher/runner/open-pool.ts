// Opens the spawners of a node: adopts what earlier ones left, and ends what nobody can adopt.
// Must never return while a task of this node runs that is not among the adopted.
import { dirname, join } from 'node:path'
import { type AllocationFile, openFilesVariable } from '../../../protocol/allocation-file.ts'
import { exitReasons } from '../../../protocol/exit-reasons.ts'
import type { Clock, Log } from '../../../protocol/ports.ts'
import type { Launcher } from '../core/launcher.ts'
import type { RunnerHandlers, TaskRunner } from '../core/ports.ts'
import { variableOf } from '../machine/processes.ts'
import { sweep } from '../machine/sweep.ts'
import type { Exit } from '../spawner/messages.ts'
import type { SpawnerPool } from '../spawner/pool.ts'
import { makeSpawnerPool } from '../spawner/pool.ts'
import { makeStager } from '../stage/stager.ts'
import { taskVariables } from '../task/expand.ts'
import type { PoolHandlers, PoolTask } from './pool-runner.ts'
import { makePoolRunner, poolHandlers, tellExit } from './pool-runner.ts'
import { withPythonPool } from './python-pool.ts'

/** What a pool is opened for. */
export interface PoolPlan {
  /** Directory of the journals. */
  readonly directory: string
  readonly file: AllocationFile
  readonly nodeIndex: number
  /** The allocation's marker. */
  readonly marker: string
  /** Base environment of the tasks. */
  readonly environment: Readonly<Record<string, string>>
  readonly cpus: number
}

/** An open pool. */
export interface OpenPool {
  makeRunner(handlers: RunnerHandlers): TaskRunner
  /** Tells the launcher of tasks and exits of earlier spawners; before it starts. */
  adoptInto(launcher: Launcher): void
  /** Resolves when the runner is closed and no spawner is left. */
  readonly drained: Promise<void>
}

/** Opens the pool of a node. */
export async function openPool(
  plan: PoolPlan,
  ports: { readonly clock: Clock; readonly log: Log },
): Promise<OpenPool> {
  const { nodeIndex, marker } = plan
  const { clock } = ports
  // Two launchers of one node would both speak for it: an earlier one has nothing more to say.
  await sweep(marker, (found) => found.nodeIndex === nodeIndex && found.isLauncher, clock)

  // Until the core is there, news is kept: exits that the last launcher may not have reported, and
  // tasks that were given back though they had been seen in a journal.
  const early = new Map<number, Exit>()
  const givenBack = new Set<number>()
  let core: RunnerHandlers | null = null
  const drained = Promise.withResolvers<void>()
  const handlers: PoolHandlers = {
    onStarted: (tasks) => core !== null && poolHandlers(core).onStarted(tasks),
    onExited(exits) {
      if (core !== null) poolHandlers(core).onExited(exits)
      else for (const exit of exits) early.set(exit.token, exit)
    },
    onWithdrawn(tokens) {
      if (core !== null) poolHandlers(core).onWithdrawn(tokens)
      else for (const token of tokens) givenBack.add(token)
    },
  }
  const pool = startPool(plan, ports, handlers)
  const pools = withPythonPool(pool, plan.environment, () =>
    startPool(plan, ports, handlers, 'python'),
  )
  const running = await pool.adopt(plan.directory)
  const tokens = new Set(running.map(({ token }) => token))
  await sweep(
    marker,
    (found) => found.nodeIndex === nodeIndex && found.token !== null && !tokens.has(found.token),
    clock,
  )
  const envId = pool.baseEnv(plan.environment)

  return {
    drained: drained.promise,
    makeRunner(handlers) {
      core = handlers
      return makePoolRunner(
        {
          start: (tasks) => pools.start(tasks.map((task: PoolTask) => ({ ...task, envId }))),
          kill: (token, graceMs, reason) => pools.kill(token, graceMs, reason),
          withdraw: (some) => pools.withdraw(some),
          forget: (some) => pools.ack(some),
          close: () => void pools.drain().then(drained.resolve, drained.reject),
        },
        plan.file,
        makeStager(clock, handlers),
      )
    },
    adoptInto(launcher) {
      for (const exit of early.values()) tellExit(exit, launcher.adoptExited)
      for (const { token, pid, startedAtMs } of running) {
        if (early.has(token) || givenBack.has(token)) continue
        const cpus = Number(variableOf(pid, taskVariables.cpus) ?? 1)
        launcher.adoptRunning({ token, cpus, startedAtMs })
      }
      early.clear()
    },
  }
}

function startPool(
  { file, marker, directory, cpus }: PoolPlan,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
  handlers: PoolHandlers,
  only?: 'python',
): SpawnerPool {
  return makeSpawnerPool({
    ...handlers,
    kind: only ?? file.spawnerKind,
    nodePath: process.execPath,
    spawnerPath: spawnerProgram(),
    marker: `${marker}:`,
    openFilesSoft: openFilesOf(file),
    // One is enough for a core, and for hooks alone; two keep two cores busy, and more only compete
    // for the kernel. Workers do the work of a Python call: one spawner feeds all of them.
    count: only === 'python' ? 1 : (file.spawners ?? Math.max(1, Math.min(2, cpus))),
    journalDir: directory,
    clock,
    log,
    onSpawnerLost: (tokens) => handlers.onExited(tokens.map(lostExit)),
  })
}

/** What the user's shell allowed its programs; null: what this launcher may open. */
function openFilesOf({ environment }: AllocationFile): number | null {
  const soft = Number((environment ?? process.env)[openFilesVariable])
  return Number.isSafeInteger(soft) && soft > 0 ? soft : null
}

/** A task that died with its spawner: nothing is known of its end. */
function lostExit(token: number): Exit {
  return {
    token,
    pid: 0,
    code: null,
    signal: null,
    error: exitReasons.lost,
    startedAtMs: 0,
    endedAtMs: 0,
    userMs: 0,
    systemMs: 0,
    maxRssKiB: 0,
    isRssBelow: false,
    orphans: 0,
  }
}

/** The spawner beside this program: in the sources, or in dist where everything is one file. */
function spawnerProgram(): string {
  const self = import.meta.filename
  const isSource = self.endsWith('.ts')
  return isSource ? join(dirname(self), '../spawner/main.ts') : join(dirname(self), 'spawner.js')
}
