// A disk of the simulation: real SQLite in memory whose commits take virtual time and whose
// crashes lose what a crash may lose. Must never use real time or chance.
import { DatabaseSync } from 'node:sqlite'
import { classified } from '../../daemon/store/drivers/errors.ts'
import { bodyScript, mustChangeSetup } from '../../daemon/store/drivers/transaction.ts'
import { turns } from '../../daemon/store/drivers/turns.ts'
import { fault } from '../../protocol/faults.ts'
import type {
  Clock,
  Randomness,
  SqlDriver,
  SqlQuery,
  SqlRow,
  SqlStatement,
} from '../../protocol/ports.ts'

/** What a simulated disk is made of. */
export interface SimDiskOptions {
  readonly clock: Clock
  readonly coin: Randomness
  /** Virtual time of a transaction; called once per transaction. Default: 1 ms. */
  readonly latencyMs?: () => number
}

/** One disk: it outlives the daemons that use it. */
export interface SimDisk {
  /**
   * A driver for the next daemon. Earlier drivers never answer again, unless `besideOthers`: then
   * an earlier daemon goes on beside the new one and only the epoch keeps it from writing.
   */
  driver(options?: { readonly besideOthers: boolean }): SqlDriver
  /**
   * The daemon's process dies. The transaction in flight is there wholly or not at all; of those
   * committed without durability since the last durable one, a suffix may be lost.
   */
  crash(): void
  /** The next `count` transactions are refused for space. */
  refuse(count: number): void
  /** Rows as the disk has them now, for the simulation's own checks. */
  look(sql: string): SqlRow[]
  close(): void
}

interface Flight {
  readonly statements: readonly SqlStatement[]
  readonly isDurable: boolean
}

/** Makes an empty disk. */
export function simDisk(options: SimDiskOptions): SimDisk {
  const { clock, coin } = options
  const latencyMs = options.latencyMs ?? (() => 1)
  const database = new DatabaseSync(':memory:')
  database.exec(mustChangeSetup)
  let reign = 0
  let refusals = 0
  const living = new Set<number>()
  const inFlight = new Set<Flight>()
  // Commits that a crash may still take back, oldest first: savepoints of one open transaction.
  let loose: string[] = []
  let marks = 0

  function fix(): void {
    if (database.isTransaction) database.exec('COMMIT')
    loose = []
  }

  function apply({ statements, isDurable }: Flight): void {
    if (!database.isTransaction) database.exec('BEGIN')
    const mark = `mark_${marks++}`
    database.exec(`SAVEPOINT ${mark}`)
    try {
      database.exec(bodyScript(statements))
    } catch (error) {
      database.exec(`ROLLBACK TO ${mark}; RELEASE ${mark}`)
      throw complaint(error)
    }
    loose.push(mark)
    if (isDurable) fix()
  }

  function query(sql: string, params: Parameters<SqlQuery>[1] = []): SqlRow[] {
    try {
      // Columns hold only what the store wrote: text, numbers, blobs, null.
      return database.prepare(sql).all(...params) as SqlRow[]
    } catch (error) {
      throw complaint(error)
    }
  }

  function makeDriver(options = { besideOthers: false }): SqlDriver {
    reign += 1
    const ours = reign
    if (!options.besideOthers) living.clear()
    living.add(ours)
    const take = turns()
    const never = new Promise<never>(() => undefined)
    /** Continues only while the process lives; a dead one hears nothing any more. */
    const alive = async <T>(work: () => T | Promise<T>): Promise<T> => {
      if (!living.has(ours)) return never
      return work()
    }
    const wait = (ms: number): Promise<void> =>
      new Promise((resolve) => {
        clock.after(ms, resolve)
      })
    return {
      name: 'simulation',
      journalMode: 'memory',
      transaction: (statements, { isDurable }) =>
        take(() =>
          alive(async () => {
            const flight: Flight = { statements, isDurable }
            inFlight.add(flight)
            await wait(latencyMs())
            return alive(() => {
              inFlight.delete(flight)
              if (refusals > 0) {
                refusals -= 1
                throw fault('STORAGE_REFUSED', { what: 'the simulated disk is full' })
              }
              apply(flight)
            })
          }),
        ),
      all: (sql, params) => take(() => alive(() => query(sql, params))),
      snapshot: (read) =>
        take(() => alive(() => read((sql, params) => alive(() => query(sql, params))))),
      script: (sql) =>
        take(() =>
          alive(() => {
            fix()
            database.exec(sql)
          }),
        ),
      backup: () => Promise.reject(new Error('the simulated disk makes no backups')),
      close: () =>
        take(async () => {
          living.delete(ours)
        }),
    }
  }

  function crash(): void {
    living.clear()
    for (const flight of inFlight) {
      if (coin.next() < 0.5) continue
      try {
        apply(flight)
      } catch {
        // It would have been refused; so it is not there.
      }
    }
    inFlight.clear()
    const kept = Math.floor(coin.next() * (loose.length + 1))
    const firstLost = loose[kept]
    if (firstLost !== undefined) database.exec(`ROLLBACK TO ${firstLost}`)
    fix()
  }

  return {
    driver: makeDriver,
    crash,
    refuse: (count) => {
      refusals += count
    },
    look: (sql) => query(sql),
    close: () => {
      living.clear()
      database.close()
    },
  }
}

function complaint(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error))
  const code = 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : 1
  return classified({ code, message: error.message }, ':memory:')
}
