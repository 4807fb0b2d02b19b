// The launcher's spawners: a handful of processes, started once, that alone start tasks.
// Must never lose an exit that a spawner wrote down, nor call a task lost before it is dead.
import { readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Task } from './messages.ts'
import { makeAcknowledgements } from './pool/acknowledgements.ts'
import type { Adopted, AdoptedTask } from './pool/adopted.ts'
import { adoptSpawner } from './pool/adopted.ts'
import { makeJournalFiles } from './pool/journal-files.ts'
import type { JournalNews } from './pool/journal-reader.ts'
import { makePlace } from './pool/place.ts'
import type { SpawnerPoolSettings } from './pool/settings.ts'

/** The pool. Every task ends with exactly one of onExited, onWithdrawn, onSpawnerLost. */
export interface SpawnerPool {
  /** Makes a base environment known; equal ones get one id. */
  baseEnv(environment: Readonly<Record<string, string>>): number
  start(tasks: readonly Task[]): void
  kill(token: number, graceMs: number, reason: string | null): void
  /** Gives back those of them that have not started. */
  withdraw(tokens: readonly number[]): void
  /** These exits are durable elsewhere; journals need not keep them. */
  ack(tokens: readonly number[]): void
  /**
   * Takes over the spawners of earlier launchers in this directory. Exits they wrote come by
   * onExited (maybe for the second time); what is left running is returned, and ends as any other.
   */
  adopt(journalDir: string): Promise<readonly AdoptedTask[]>
  /** No more tasks will come: resolves when all have ended and no spawner is left. */
  drain(): Promise<void>
}

const journalPattern = /^spawner-.*\.journal$/

/** Starts the spawners. */
export function makeSpawnerPool(settings: SpawnerPoolSettings): SpawnerPool {
  const { clock, log, count } = settings
  const environments: Readonly<Record<string, string>>[] = []
  const environmentIds = new Map<string, number>()
  const files = makeJournalFiles()
  const adopted = new Set<Adopted>()
  const adoptedFiles = new Set<string>()
  let journals = 0
  let onDrained: (() => void) | null = null

  const onEmpty = (): void => {
    if (adopted.size === 0 && places.every((place) => place.isEmpty())) onDrained?.()
  }
  const newJournalFile = (): string => {
    const name = `spawner-${settings.kind}-${process.pid}-${clock.wallMs()}-${journals++}.journal`
    return join(resolve(settings.journalDir), name)
  }
  const places = Array.from({ length: count }, () =>
    makePlace({ settings, environments, files, newJournalFile, onEmpty }),
  )
  const adoptOne = (file: string): Adopted => {
    const acknowledgements = makeAcknowledgements()
    const handlers = {
      onNews({ exits, withdrawn }: JournalNews): void {
        for (const { token } of exits) acknowledgements.reported(token)
        if (exits.length > 0) settings.onExited(exits)
        if (withdrawn.length > 0) settings.onWithdrawn(withdrawn)
      },
      onLost: (tokens: readonly number[]) => settings.onSpawnerLost(tokens),
      onEnd(): void {
        adopted.delete(one)
        files.keep(file, acknowledgements)
        onEmpty()
      },
    }
    const one = adoptSpawner(file, handlers, acknowledgements, clock, log)
    adopted.add(one)
    adoptedFiles.add(file)
    return one
  }

  return {
    baseEnv(environment) {
      const key = JSON.stringify(environment)
      const known = environmentIds.get(key)
      if (known !== undefined) return known
      const id = environments.push(environment) - 1
      environmentIds.set(key, id)
      for (const place of places) place.send({ op: 'env', id, env: environment })
      return id
    },
    start(tasks) {
      places.forEach((place, index) => {
        const own = count === 1 ? tasks : tasks.filter(({ lane }) => lane % count === index)
        if (own.length > 0) place.start({ op: 'start', tasks: own })
      })
    },
    kill(token, graceMs, reason) {
      const place = places.find((each) => each.holds(token))
      if (place !== undefined) return place.send({ op: 'kill', token, graceMs, reason })
      for (const one of adopted) if (one.open().has(token)) one.kill(token, graceMs, reason)
    },
    withdraw(tokens) {
      for (const place of places) {
        const own = tokens.filter((token) => place.holds(token))
        if (own.length > 0) place.send({ op: 'withdraw', tokens: own })
      }
    },
    ack(tokens) {
      for (const place of places) place.acknowledge(tokens)
      for (const one of adopted) one.acknowledge(tokens)
      files.acknowledge(tokens)
    },
    async adopt(journalDir) {
      const own = new Set(places.map((place) => place.journalFile()))
      const found = readdirSync(journalDir)
        .filter((name) => journalPattern.test(name))
        .map((name) => join(resolve(journalDir), name))
        .filter((file) => !own.has(file) && !files.has(file) && !adoptedFiles.has(file))
      const tasks = await Promise.all(found.map((file) => adoptOne(file).tasks))
      return tasks.flat()
    },
    drain() {
      return new Promise((resolve) => {
        onDrained = resolve
        for (const place of places) place.drain()
        onEmpty()
      })
    },
  }
}
