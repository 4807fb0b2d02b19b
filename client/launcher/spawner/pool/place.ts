// One place for a spawner: a process, and after its death the next one.
// Must send nothing to a process that belongs to another, and account for all that a dead one held.
import { limits } from '../../../../protocol/limits.ts'
import type { Command, Report } from '../messages.ts'
import type { Acknowledgements } from './acknowledgements.ts'
import { makeAcknowledgements } from './acknowledgements.ts'
import type { JournalFiles } from './journal-files.ts'
import type { SpawnerPoolSettings } from './settings.ts'
import { settleDead } from './settle.ts'
import type { SpawnerProcess } from './spawner-process.ts'
import { startSpawner } from './spawner-process.ts'

/** A place. */
export interface Place {
  send(command: Command): void
  start(command: Extract<Command, { op: 'start' }>): void
  holds(token: number): boolean
  journalFile(): string
  acknowledge(tokens: readonly number[]): void
  drain(): void
  /** Drained, and everything of it is accounted for. */
  isEmpty(): boolean
}

/** What a place shares with the others of its pool. */
export interface PlaceParts {
  readonly settings: SpawnerPoolSettings
  readonly environments: readonly Readonly<Record<string, string>>[]
  readonly files: JournalFiles
  newJournalFile(): string
  /** isEmpty may have changed. */
  onEmpty(): void
}

/** One process of a place, and what it holds. */
interface Term {
  readonly file: string
  readonly process: SpawnerProcess
  readonly acknowledgements: Acknowledgements
  readonly held: Set<number>
  readonly startedAtMs: number
}

/** A place with its first process. */
export function makePlace(parts: PlaceParts): Place {
  const { settings, environments, files } = parts
  const { clock, log } = settings
  let isDraining = false
  let isGone = false
  let unsettled = 0
  let restartMs: number = limits.spawnerRestartMsMin

  const open = (held: Set<number>): Term => {
    const file = parts.newJournalFile()
    const handlers = { onReport: hear, onEnd }
    const term: Term = {
      file,
      process: startSpawner(settings, file, handlers, log),
      acknowledgements: makeAcknowledgements(),
      held,
      startedAtMs: clock.monotonicMs(),
    }
    for (const [id, env] of environments.entries()) term.process.send({ op: 'env', id, env })
    return term
  }
  /** Between two processes: what is sent waits for the next one. */
  const between = (): { readonly term: Term; readonly waiting: readonly Command[] } => {
    const waiting: Command[] = []
    const send = (command: Command): void => void waiting.push(command)
    const process = { journalFile: '', pid: undefined, send }
    const acknowledgements = makeAcknowledgements()
    const term = { file: '', process, acknowledgements, held: new Set<number>(), startedAtMs: 0 }
    return { term, waiting }
  }
  const rotateIfDue = (): void => {
    if (term.acknowledgements.takeRotation()) term.process.send({ op: 'rotate' })
  }
  function hear(report: Report): void {
    switch (report.op) {
      case 'started':
        return settings.onStarted(report.tasks)
      case 'exited':
        for (const { token } of report.tasks) {
          term.held.delete(token)
          term.acknowledgements.reported(token)
        }
        return settings.onExited(report.tasks)
      case 'withdrawn':
        for (const token of report.tokens) term.held.delete(token)
        return settings.onWithdrawn(report.tokens)
      case 'journalFull':
        term.acknowledgements.full()
        return rotateIfDue()
      case 'rotated':
        return term.acknowledgements.rotated()
      case 'ready':
        return log.info('a spawner is ready', { spawner: report.pid, kind: report.kind })
    }
  }
  const settle = async ({ file, held, acknowledgements }: Term): Promise<void> => {
    unsettled++
    await settleDead(file, held, acknowledgements, settings)
    files.keep(file, acknowledgements)
    unsettled--
    parts.onEmpty()
  }
  function onEnd(how: string): void {
    const dead = term
    if (!isDraining || dead.held.size > 0) {
      log.error('a spawner died', { pid: dead.process.pid, how, held: dead.held.size })
    }
    if (isDraining) isGone = true
    else replace(dead)
    // Only now: settling makes room, and what comes for it at once is for the next process.
    settle(dead).catch((error: unknown) => {
      log.error('the tasks of a dead spawner are not accounted for', { what: String(error) })
    })
  }
  const replace = (dead: Term): void => {
    if (clock.monotonicMs() - dead.startedAtMs > limits.spawnerProvenMs) {
      restartMs = limits.spawnerRestartMsMin
    }
    const pause = between()
    term = pause.term
    clock.after(restartMs, () => {
      term = open(pause.term.held)
      for (const command of pause.waiting) term.process.send(command)
    })
    restartMs = Math.min(restartMs * 2, limits.spawnerRestartMsMax)
  }
  let term = open(new Set())

  return {
    send: (command) => term.process.send(command),
    start(command) {
      for (const { token } of command.tasks) term.held.add(token)
      term.process.send(command)
    },
    holds: (token) => term.held.has(token),
    journalFile: () => term.file,
    acknowledge(tokens) {
      for (const token of tokens) term.acknowledgements.acknowledge(token)
      rotateIfDue()
    },
    drain() {
      isDraining = true
      term.process.send({ op: 'drain' })
    },
    isEmpty: () => isGone && unsettled === 0,
  }
}
