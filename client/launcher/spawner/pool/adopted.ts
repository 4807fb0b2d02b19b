// Spawners of an earlier launcher of this node: those that live are followed, the dead are read to
// the end. Must never call a task lost that may still run.
import { appendFileSync } from 'node:fs'
import { limits } from '../../../../protocol/limits.ts'
import type { Clock, Log } from '../../../../protocol/ports.ts'
import { controlFile } from '../journal.ts'
import { isLiving, readBootId } from '../processes.ts'
import type { Acknowledgements } from './acknowledgements.ts'
import type { JournalNews } from './journal-reader.ts'
import { makeJournalReader } from './journal-reader.ts'
import { reclaim, wait } from './reclaim.ts'

/** A task of an earlier launcher that still runs. */
export interface AdoptedTask {
  readonly token: number
  readonly pid: number
  readonly startedAtMs: number
}

/** What one hears of an adopted spawner. */
export interface AdoptionHandlers {
  onNews(news: JournalNews): void
  /** It died with these tasks; they are dead. */
  onLost(tokens: readonly number[]): void
  /** Nothing more will come. */
  onEnd(): void
}

/** An adopted spawner. */
export interface Adopted {
  readonly journalFile: string
  /** Tasks that have not ended. */
  open(): ReadonlySet<number>
  kill(token: number, graceMs: number, reason: string | null): void
  /** These exits are durable elsewhere. */
  acknowledge(tokens: readonly number[]): void
  /** Resolves when it is known which tasks run. */
  readonly tasks: Promise<readonly AdoptedTask[]>
}

/** An orphaned spawner says at once what it gives back; a stopped one may need us to wait. */
const settleMsMax = 2_000

/** Takes over the spawner of a journal. */
export function adoptSpawner(
  journalFile: string,
  handlers: AdoptionHandlers,
  acknowledgements: Acknowledgements,
  clock: Clock,
  log: Log,
): Adopted {
  const reader = makeJournalReader(journalFile, log)
  const { view } = reader
  const bootId = readBootId()

  const look = (): void => {
    const news = reader.read()
    if (news.exits.length + news.withdrawn.length > 0) handlers.onNews(news)
  }
  const isAlive = (): boolean => {
    const { header } = view
    return header?.bootId === bootId && isLiving(header.spawner, header.startTime)
  }
  const finish = async (): Promise<void> => {
    // What it wrote between our last look and its end.
    look()
    const lost = [...view.open]
    // Of another boot nothing can be left.
    if (lost.length > 0 && view.header?.bootId === bootId) {
      const prefix = view.header.marker
      await reclaim(new Set(lost.map((token) => prefix + token)), journalFile, clock, log)
    }
    if (lost.length > 0) handlers.onLost(lost)
    view.open.clear()
    handlers.onEnd()
  }
  const follow = async (): Promise<void> => {
    for (;;) {
      const wasAlive = isAlive()
      look()
      if (!wasAlive) return await finish()
      await wait(clock, limits.journalPollMs)
    }
  }
  const settle = async (): Promise<readonly AdoptedTask[]> => {
    // Handlers are called only when the caller has got its object.
    await Promise.resolve()
    const untilMs = clock.monotonicMs() + settleMsMax
    look()
    while (isAlive() && view.running.size < view.open.size && clock.monotonicMs() < untilMs) {
      await wait(clock, limits.journalPollMs)
      look()
    }
    const wasAlive = isAlive()
    const followed = follow().catch((error: unknown) => {
      log.error('adoption failed', { what: String(error) })
    })
    if (!wasAlive) {
      // The caller may say that nothing of it runs: what it was about to start must be dead first.
      await followed
      return []
    }
    return [...view.open].map((token) => {
      const known = view.running.get(token)
      return { token, pid: known?.pid ?? 0, startedAtMs: known?.atMs ?? clock.wallMs() }
    })
  }

  return {
    journalFile,
    open: () => view.open,
    kill(token, graceMs, reason) {
      const line = JSON.stringify({ op: 'kill', token, graceMs, reason })
      appendFileSync(controlFile(journalFile), `${line}\n`, { mode: 0o600 })
    },
    acknowledge(tokens) {
      for (const token of tokens) acknowledgements.acknowledge(token)
    },
    tasks: settle(),
  }
}
