// The `sqlite3` driver: SQLite of that package, on libuv's thread pool, off the event loop.
// Must never prepare a statement per row: a transaction is one script in one hop.
import type { Database } from 'sqlite3'
import type { SqlDriver, SqlRow } from '../../../protocol/ports.ts'
import { type Connection, type ConnectionPlan, openDriver } from './driver.ts'
import { classified } from './errors.ts'
import type { DatabasePlace } from './settings.ts'
import { afterFailure } from './transaction.ts'

type Sqlite3 = typeof import('sqlite3')

/** The package, when its native module loads. Throws what its loading said. */
export async function loadSqlite3(): Promise<Sqlite3> {
  const loaded: Sqlite3 & { readonly default?: Sqlite3 } = await import('sqlite3')
  return loaded.default ?? loaded
}

/**
 * SQLITE_OPEN_EXRESCODE, which the package has no name for: its errors then carry SQLite's extended
 * result codes, and a write that a quota refused can be told from a failed fsync.
 */
const openExtendedCodes = 0x02000000

function complaint(error: Error, file: string): Error {
  const code = 'errno' in error && typeof error.errno === 'number' ? error.errno : 1
  return classified({ code, message: error.message }, file)
}

function exec(database: Database, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    database.exec(text, (error) => (error === null ? resolve() : reject(error)))
  })
}

function openDatabase(sqlite3: Sqlite3, plan: ConnectionPlan): Promise<Database> {
  const access = plan.isReadOnly
    ? sqlite3.OPEN_READONLY
    : sqlite3.OPEN_READWRITE | sqlite3.OPEN_CREATE
  const mode = access | openExtendedCodes
  return new Promise((resolve, reject) => {
    const database = new sqlite3.Database(plan.file, mode, (error) =>
      error === null ? resolve(database) : reject(error),
    )
  })
}

async function opened(sqlite3: Sqlite3, plan: ConnectionPlan): Promise<Database> {
  const database = await openDatabase(sqlite3, plan)
  try {
    await exec(database, plan.setup)
    return database
  } catch (error) {
    await new Promise((resolve) => database.close(resolve))
    throw error
  }
}

function connect(sqlite3: Sqlite3, plan: ConnectionPlan): Connection {
  // Opened by the first call, so that a refusal is that call's and none goes unheard.
  let ready: Promise<Database> | null = null
  const database = (): Promise<Database> => {
    ready ??= opened(sqlite3, plan)
    return ready
  }
  async function told<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      throw error instanceof Error ? complaint(error, plan.file) : error
    }
  }
  return {
    script: (text) =>
      told(async () => {
        const connection = await database()
        try {
          await exec(connection, text)
        } catch (error) {
          // Fails when the error itself ended the transaction: then nothing is left to undo.
          await exec(connection, 'ROLLBACK').catch(() => undefined)
          if (!plan.isReadOnly) await exec(connection, afterFailure)
          throw error
        }
      }),
    all: (text, params) =>
      told(async () => {
        const connection = await database()
        return new Promise<SqlRow[]>((resolve, reject) => {
          connection.all<SqlRow>(text, [...params], (error, rows) =>
            error === null ? resolve(rows) : reject(error),
          )
        })
      }),
    close: async () => {
      const connection = await ready?.catch(() => undefined)
      if (connection === undefined) return
      await new Promise<void>((resolve, reject) => {
        connection.close((error) => (error === null ? resolve() : reject(error)))
      })
    },
  }
}

/** Opens (or creates) the database. Rejects with DATABASE_INVALID or STORAGE_REFUSED. */
export async function openSqlite3(place: DatabasePlace): Promise<SqlDriver> {
  const sqlite3 = await loadSqlite3()
  return openDriver('sqlite3', place, (plan) => connect(sqlite3, plan))
}
