// The runner of production: templates become tasks for the spawners, their reports become news.
// Must never lose or repeat a report: each token that was started ends exactly once.
import { basename } from 'node:path'
import type { AllocationFile } from '../../../protocol/allocation-file.ts'
import type { RunnerHandlers, TaskRunner } from '../core/ports.ts'
import type { Exit, Started, Task } from '../spawner/messages.ts'
import type { Stager } from '../stage/stager.ts'
import { makeExpander, type TaskOrder } from '../task/expand.ts'

/** A task as the pool wants it: the pool itself knows the base environment. */
export type PoolTask = Omit<Task, 'envId'>

/** The spawners of one node. */
export interface Pool {
  start(tasks: readonly PoolTask[]): void
  kill(token: number, graceMs: number, reason: string | null): void
  withdraw(tokens: readonly number[]): void
  /** These exits need not be kept in journals any longer. */
  forget(tokens: readonly number[]): void
  close(): void
}

/** What a pool tells; in batches, as its spawners report them. */
export interface PoolHandlers {
  onStarted(tasks: readonly Started[]): void
  onExited(exits: readonly Exit[]): void
  onWithdrawn(tokens: readonly number[]): void
}

/** News of a pool as news for the core. */
export function poolHandlers(core: RunnerHandlers): PoolHandlers {
  return {
    onStarted(tasks) {
      for (const [token, , atMs] of tasks) core.onStarted(token, atMs)
      core.onBatchEnd()
    },
    onExited(exits) {
      for (const exit of exits) tellExit(exit, core.onExited)
      core.onBatchEnd()
    },
    onWithdrawn(tokens) {
      for (const token of tokens) core.onWithdrawn(token)
      core.onBatchEnd()
    },
  }
}

/** An exit of a spawner in the core's plain arguments. */
export function tellExit(exit: Exit, tell: RunnerHandlers['onExited']): void {
  const isRun = exit.pid > 0
  tell(
    exit.token,
    exit.code ?? -1,
    exit.signal ?? 0,
    isRun ? Math.round(exit.startedAtMs) : 0,
    // The wall clock may have been set back meanwhile.
    isRun ? Math.max(0, Math.round(exit.endedAtMs - exit.startedAtMs)) : 0,
    Math.round(exit.userMs),
    Math.round(exit.systemMs),
    exit.isRssBelow ? -Math.round(exit.maxRssKiB) : Math.round(exit.maxRssKiB),
    exit.orphans,
    exit.error,
  )
}

/** A runner over the pool. */
export function makePoolRunner(
  pool: Pool,
  file: Pick<AllocationFile, 'siteId' | 'allocationId'>,
  stager: Stager,
): TaskRunner {
  const expand = makeExpander(file.siteId, file.allocationId)
  let tasks: PoolTask[] = []
  const flush = (): void => {
    if (tasks.length === 0) return
    const batch = tasks
    tasks = []
    pool.start(batch)
  }
  return {
    start(lane, token, jobId, template, attempt) {
      const order = expand(template, jobId, token, attempt)
      const { step } = template
      if (step === undefined || step.kind === 'hook') {
        // Not bound to cores: nodes of one machine would be bound to the same ones.
        tasks.push({ token, lane, cpus: null, ...order })
      } else stager.start(token, step, { cwd: order.cwd, ownFiles: ownFiles(order) })
    },
    flush,
    // What was to start before goes out before, so that the pool knows the token.
    kill(token, graceMs, reason) {
      flush()
      if (!stager.kill(token)) pool.kill(token, graceMs, reason)
    },
    withdraw(tokens) {
      flush()
      pool.withdraw(tokens)
    },
    forget: (tokens) => pool.forget(tokens),
    close() {
      stager.close()
      pool.close()
    },
  }
}

/** What Balsam itself writes in a job's directory. */
function ownFiles({ stdout }: TaskOrder): string[] {
  return ['preprocess.log', 'postprocess.log', ...(stdout === null ? [] : [basename(stdout)])]
}
