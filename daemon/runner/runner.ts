// The daemon's end of the runner: asks, gets answers, and starts another runner when one dies.
// Must never be the reason that a command counts as failed: an answer that is lost is 'unknown'.

import type { ChildProcessByStdio } from 'node:child_process'
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { allocationMarkerVariable, taskMarkerVariable } from '../../protocol/allocation-file.ts'
import type { Log } from '../../protocol/ports.ts'
import type { RunnerAnswers, RunnerCommand, RunnerReply, RunnerRequest } from './messages.ts'

/** The runner died before it answered: the command may or may not have been done. */
export class RunnerLost extends Error {
  constructor() {
    super('the runner died before it answered')
    this.name = 'RunnerLost'
  }
}

/** Runs things outside the daemon. */
export interface Runner {
  /** Asks; rejects with RunnerLost, or with an Error when the runner could not do it at all. */
  ask<C extends RunnerCommand>(command: C): Promise<RunnerAnswers[C['op']]>
  /** Its pid; null while none runs. */
  pid(): number | null
  close(): void
}

/** How to start it. */
export interface RunnerPlan {
  /** Node and the arguments before the program. */
  readonly node: readonly string[]
  /** dist/runner.js, or daemon/runner/main.ts in development. */
  readonly program: string
  readonly log: Log
}

interface Waiting {
  resolve(answer: RunnerAnswers[keyof RunnerAnswers]): void
  reject(error: Error): void
}

/** Starts the runner. Called early, while the daemon is small. */
export function startRunner(plan: RunnerPlan): Runner {
  let current: RunnerProcess | null = spawnRunner(plan, onEnd)
  let isClosed = false
  let lastId = 0

  function onEnd(): void {
    current = null
    if (!isClosed) plan.log.warn('the runner died; the next command starts another')
  }

  return {
    ask<C extends RunnerCommand>(command: C): Promise<RunnerAnswers[C['op']]> {
      if (isClosed) return Promise.reject(new RunnerLost())
      current ??= spawnRunner(plan, onEnd)
      lastId += 1
      // The runner answers each op with its own kind of answer: RunnerAnswers is that table.
      return current.ask({ id: lastId, command }) as Promise<RunnerAnswers[C['op']]>
    },
    pid: () => current?.pid ?? null,
    close() {
      isClosed = true
      current?.end()
    },
  }
}

interface RunnerProcess {
  readonly pid: number | null
  ask(request: RunnerRequest): Promise<RunnerAnswers[keyof RunnerAnswers]>
  end(): void
}

function spawnRunner(plan: RunnerPlan, onEnd: () => void): RunnerProcess {
  const waiting = new Map<number, Waiting>()
  const child = launch(plan)
  const lose = (): void => {
    for (const each of waiting.values()) each.reject(new RunnerLost())
    waiting.clear()
  }
  let isOver = false
  const end = (): void => {
    if (isOver) return
    isOver = true
    lose()
    onEnd()
  }
  child.once('error', end)
  child.once('exit', end)
  child.stdin.on('error', () => undefined)
  createInterface({ input: child.stdout }).on('line', (line) => {
    // The only writer of this pipe is the runner of the same build.
    const reply = JSON.parse(line) as RunnerReply
    const found = waiting.get(reply.id)
    waiting.delete(reply.id)
    if ('answer' in reply) found?.resolve(reply.answer)
    else found?.reject(new Error(reply.error))
  })
  return {
    pid: child.pid ?? null,
    ask: (request) =>
      new Promise((resolve, reject) => {
        waiting.set(request.id, { resolve, reject })
        child.stdin.write(`${JSON.stringify(request)}\n`)
      }),
    end: () => child.stdin.end(),
  }
}

function launch(plan: RunnerPlan): ChildProcessByStdio<Writable, Readable, null> {
  const [program = process.execPath, ...flags] = plan.node
  // A daemon started by hand inside a task must not make its runner look like part of it.
  const { [allocationMarkerVariable]: _a, [taskMarkerVariable]: _t, ...env } = process.env
  const child = spawn(program, [...flags, plan.program], {
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  return child
}
