// What all kinds of spawner share: commands in; starts, kills and ends; journal and reports out.
// Must never wait: a loop tells it what happened, and asks when to call again.
import type { Clock } from '../../../protocol/ports.ts'
import type { Backend, Ending } from './backend.ts'
import { isTask, whyImpossible } from './check-task.ts'
import { whyNoEnvscript } from './envscript.ts'
import { exitJson, exitOf, refusalOf } from './exits.ts'
import { makeHooks } from './hooks.ts'
import type { Journal } from './journal.ts'
import type { Command, Exit, Task } from './messages.ts'
import type { Reports } from './reports.ts'
import type { Running } from './running.ts'
import { makeTerminations } from './terminations.ts'
import type { Work } from './work.ts'
import { makeWork } from './work.ts'

/** The loop's view of it. */
export interface Spawner {
  accept(command: Command): void
  /** The leader of this task has ended and has been reaped. */
  ended(running: Running, ending: Ending): void
  /** The launcher is gone: what runs goes on, what is queued does not start. */
  orphan(): void
  /** To be called after every batch of the above, and when dueInMs() has passed. */
  settle(): void
  /** Ms until settle() has something to do. */
  dueInMs(): number
  isIdle(): boolean
  /** Nothing runs and nothing more will come; after settle() all of it has been told. */
  isDone(): boolean
}

/** What a spawner is made of. */
export interface SpawnerParts {
  readonly backend: Backend
  readonly journal: Journal
  readonly reports: Reports
  readonly clock: Clock
  /** Does the launcher live whose commands these are? */
  hasLauncher(): boolean
}

/** A spawner that has not heard a command yet. */
export function makeSpawner(parts: SpawnerParts): Spawner {
  const { backend, journal, reports, clock } = parts
  const tell = makeTeller(parts)
  const environmentIds = new Set<number>()
  const terminations = makeTerminations(backend, clock)
  const hooks = makeHooks(clock)
  const work = makeWork({ start, onRefused }, clock)
  let isOrphaned = false
  let isDraining = false

  function start(one: Running): string | null {
    const { task } = one
    const isKnown = environmentIds.has(task.envId)
    const refusal = isKnown ? whyNot(task) : `EINVAL: environment ${task.envId} is unknown`
    const error = refusal ?? hooks.prepare(task) ?? backend.start(one)
    if (error !== null) return error
    one.startedAtMs = clock.wallMs()
    hooks.started(one)
    journal.started(task.token, one.pid, one.startTime, one.startedAtMs)
    reports.started(task.token, one.pid, one.startedAtMs)
    return null
  }
  function onRefused(task: Task, error: string): void {
    tell.exit(refusalOf(task.token, error, clock.wallMs()))
    reports.hurry()
  }
  const isDone = (): boolean => (isOrphaned || isDraining) && work.isEmpty()

  return {
    accept(command) {
      switch (command.op) {
        case 'env':
          environmentIds.add(command.id)
          return backend.environment(command.id, command.env)
        case 'start':
          if (!command.tasks.every(isTask)) throw new TypeError('a task is malformed')
          journal.taken(command.tasks.map(({ token }) => token))
          // Looked at after the line is in the journal: a later launcher either finds the line, or
          // nothing of it starts.
          if (parts.hasLauncher()) return work.add(command.tasks)
          return tell.withdrawn(command.tasks.map(({ token }) => token))
        case 'kill': {
          const one = work.running(command.token)
          if (one !== undefined) return terminations.begin(one, command)
          return tell.withdrawn(work.withdraw(new Set([command.token])))
        }
        case 'withdraw':
          return tell.withdrawn(work.withdraw(new Set(command.tokens)))
        case 'rotate':
          journal.rotate(work.allRunning(), unended(work, terminations.sweeping()))
          return reports.say({ op: 'rotated' })
        case 'drain':
          isDraining = true
      }
    },
    ended(one, ending) {
      const endedAtMs = clock.wallMs()
      hooks.ended(one)
      // What a hook left behind would act for a job that has gone on.
      const isSwept = ending.hasLeftovers || one.isKilled || one.task.hook !== undefined
      if (isSwept) terminations.sweep(one, ending, endedAtMs)
      else tell.exit(exitOf(one, ending, endedAtMs, 0))
      if (work.ended(one)) reports.hurry()
    },
    orphan() {
      isOrphaned = true
      tell.withdrawn(work.withdraw('all'))
    },
    settle() {
      work.retry()
      for (const one of hooks.overdue()) {
        one.isOverdue = true
        terminations.begin(one, { graceMs: one.task.hook?.graceMs ?? 0, reason: null })
      }
      for (const [one, ending, endedAtMs, orphans] of terminations.act()) {
        tell.exit(exitOf(one, ending, endedAtMs, orphans))
        reports.hurry()
      }
      if (journal.takeFull() && !isOrphaned) reports.say({ op: 'journalFull' })
      if (isDone()) reports.hurry()
      reports.flush(clock.monotonicMs(), () => journal.flush())
    },
    dueInMs() {
      const nowMs = clock.monotonicMs()
      const dueAtMs = Math.min(terminations.dueAtMs(), work.dueAtMs(), hooks.dueAtMs())
      return Math.max(0, Math.min(reports.dueInMs(nowMs), dueAtMs - nowMs))
    },
    isIdle: () => work.isIdle(),
    isDone,
  }
}

/** Writes down and reports; the journal is flushed before the report leaves. */
function makeTeller({ journal, reports }: SpawnerParts) {
  return {
    exit(exit: Exit): void {
      const json = exitJson(exit)
      journal.exited(exit.token, json)
      reports.exited(exit.token, json)
    },
    withdrawn(tokens: readonly number[]): void {
      if (tokens.length === 0) return
      journal.withdrawn(tokens)
      reports.withdrawn(tokens)
    },
  }
}

/** Those that a new journal must name: what runs is named there by its start. */
function unended(work: Work, sweeping: readonly number[]): number[] {
  return [...work.tokens(), ...sweeping]
}

function whyNot(task: Task): string | null {
  return whyImpossible(task) ?? whyNoEnvscript(task)
}
