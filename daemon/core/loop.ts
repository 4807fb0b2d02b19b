// The turn loop, and the one door `deliver`: events wait in the inbox, a turn takes some
// milliseconds of them, decides, commits once, and only then acts. One commit is in flight at a
// time; what arrives meanwhile is the next turn. A commit that fails for good ends the process: the
// next start reads the store.
import { Fault } from '../../protocol/faults.ts'
import { limits } from '../../protocol/limits.ts'
import type { Clock, Log } from '../../protocol/ports.ts'
import type { TurnCommit } from '../store/rows.ts'
import { commitOf, hasDecisions, newTurn, type Turn } from './turn.ts'

/** Something that happened outside. `handle` decides; it must not act, wait or throw. */
export interface CoreEvent {
  readonly name: string
  handle(turn: Turn): void
}

/** What the loop needs of the core. */
export interface LoopParts {
  readonly clock: Clock
  readonly log: Log
  /** Sequence number of the last commit of earlier reigns. */
  readonly lastSeq: number
  /** Called at the end of each turn's events: gives ready work to launchers. */
  place(turn: Turn): void
  /** Loads what the effects will need, while the commit (`written`) is under way. */
  prepare(turn: Turn, written: Promise<void>): Promise<void>
  commit(turn: TurnCommit): Promise<void>
  /** Sends what the turn decided to send. */
  act(turn: Turn): void
  /** After the effects: brings the derived tables up to `seq` when it is time. */
  afterTurn(seq: number): void
  /** The process can't go on. */
  readonly die: (error: unknown) => void
}

/** The loop. */
export interface TurnLoop {
  /** The door: puts an event into the inbox. Never runs anything at once. */
  deliver(event: CoreEvent): void
  /**
   * Delivers a question: `decide` may throw a Fault before it decides anything. The answer comes
   * when everything that the turn decided is durable.
   */
  ask<Answer>(name: string, decide: (turn: Turn) => Answer): Promise<Answer>
  /** Number of the last durable turn. */
  seq(): number
  /** Takes nothing more; resolves when the turn in progress is done. */
  stop(): Promise<void>
}

const storageRetryMs = 1_000

/** Makes a loop that runs whenever something was delivered. */
export function makeTurnLoop(parts: LoopParts): TurnLoop {
  let inbox: CoreEvent[] = []
  let isRunning = false
  let isStopped = false
  let { lastSeq } = parts
  let onIdle: (() => void)[] = []

  const wake = (): void => {
    if (isRunning || isStopped) return
    isRunning = true
    parts.clock.soon(() => {
      run().catch(parts.die)
    })
  }

  const takeEvents = (turn: Turn): void => {
    const until = parts.clock.monotonicMs() + limits.turnMsMax
    let taken = 0
    while (taken < inbox.length) {
      inbox[taken]?.handle(turn)
      taken += 1
      if (parts.clock.monotonicMs() >= until) break
    }
    inbox = taken === inbox.length ? [] : inbox.slice(taken)
  }

  const write = async (turn: Turn): Promise<void> => {
    const commit = commitOf(turn, lastSeq + 1)
    for (;;) {
      try {
        await parts.commit(commit)
        lastSeq = commit.seq
        return
      } catch (error) {
        if (!(error instanceof Fault) || error.code !== 'STORAGE_REFUSED') throw error
        parts.log.warn('the database refused a commit; trying again', { said: error.message })
        await new Promise<void>((resolve) => parts.clock.after(storageRetryMs, resolve))
      }
    }
  }

  const run = async (): Promise<void> => {
    while (inbox.length > 0 && !isStopped) {
      const turn = newTurn(parts.clock.wallMs())
      takeEvents(turn)
      parts.place(turn)
      if (hasDecisions(turn)) {
        const written = write(turn)
        await Promise.all([written, parts.prepare(turn, written)])
      }
      parts.act(turn)
      for (const effect of turn.effects) effect()
      parts.afterTurn(lastSeq)
      if (inbox.length > 0) await new Promise<void>((resolve) => parts.clock.soon(resolve))
    }
    isRunning = false
    for (const call of onIdle) call()
    onIdle = []
    if (inbox.length > 0) wake()
  }

  return {
    deliver(event) {
      inbox.push(event)
      wake()
    },
    ask(name, decide) {
      return new Promise((resolve, reject) => {
        const handle = (turn: Turn): void => {
          try {
            const answer = decide(turn)
            turn.effects.push(() => resolve(answer))
          } catch (error) {
            if (!(error instanceof Fault)) throw error
            turn.effects.push(() => reject(error))
          }
        }
        inbox.push({ name, handle })
        wake()
      })
    },
    seq: () => lastSeq,
    async stop() {
      isStopped = true
      if (isRunning) await new Promise<void>((resolve) => onIdle.push(resolve))
    },
  }
}
