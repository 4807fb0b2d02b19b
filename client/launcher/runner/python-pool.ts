// The spawner of Python calls beside those of commands; started with the first call.
// Must never give a call to a spawner of commands, nor a command to that of calls.
import type { Task } from '../spawner/messages.ts'
import type { SpawnerPool } from '../spawner/pool.ts'

/** What the runner needs of the pools. */
export type Pools = Pick<SpawnerPool, 'start' | 'kill' | 'withdraw' | 'ack' | 'drain'>

/** Both pools as one. Equal base environments have equal ids: each pool has this one alone. */
export function withPythonPool(
  commands: SpawnerPool,
  environment: Readonly<Record<string, string>>,
  open: () => SpawnerPool,
): Pools {
  let calls: SpawnerPool | null = null
  let envId = 0
  const startCalls = (tasks: readonly Task[]): void => {
    if (calls === null) {
      calls = open()
      envId = calls.baseEnv(environment)
    }
    calls.start(tasks.map((task) => ({ ...task, envId })))
  }
  return {
    start(tasks) {
      const python = tasks.filter((task) => task.python !== undefined)
      if (python.length < tasks.length) {
        const rest = python.length === 0 ? tasks : tasks.filter((task) => task.python === undefined)
        commands.start(rest)
      }
      if (python.length > 0) startCalls(python)
    },
    // Each knows its own tokens and passes over the others.
    kill(token, graceMs, reason) {
      commands.kill(token, graceMs, reason)
      calls?.kill(token, graceMs, reason)
    },
    withdraw(tokens) {
      commands.withdraw(tokens)
      calls?.withdraw(tokens)
    },
    ack(tokens) {
      commands.ack(tokens)
      calls?.ack(tokens)
    },
    async drain() {
      await Promise.all([commands.drain(), calls?.drain()])
    },
  }
}
