// A driver over connections: who writes, who reads, and what must wait for what.
// Must never run two scripts at once on one connection, and never let a read hold up a commit on
// a local file system.
import type { SqlDriver, SqlRow, SqlValue } from '../../../protocol/ports.ts'
import { literal } from '../sql.ts'
import { checkpoints } from './checkpoints.ts'
import { checkHeader } from './header.ts'
import { type DatabasePlace, journalModeOf, readerSetup, writerSetup } from './settings.ts'
import { transactionScript } from './transaction.ts'
import { turns } from './turns.ts'

/** One connection; its calls don't overlap. A script that fails leaves no transaction open. */
export interface Connection {
  script(sql: string): Promise<void>
  all(sql: string, params: readonly SqlValue[]): Promise<SqlRow[]>
  close(): Promise<void>
}

/** How a connection is to be opened. */
export interface ConnectionPlan {
  readonly file: string
  readonly setup: string
  readonly isReadOnly: boolean
}

/** Opens a connection of one kind of SQLite; the set-up may be run with the first call. */
export type Connect = (plan: ConnectionPlan) => Connection

/** What the parts of a driver share. */
interface Lines {
  readonly place: DatabasePlace
  readonly connect: Connect
  readonly writer: Connection
  readonly reader: Connection
}

async function backupTo(lines: Lines, target: string): Promise<void> {
  const copy = `VACUUM INTO ${literal(target)}`
  if (lines.place.isShared) return lines.writer.script(copy)
  const copier = lines.connect({ file: lines.place.file, setup: '', isReadOnly: true })
  try {
    await copier.script(copy)
  } finally {
    await copier.close()
  }
}

/** Opens (or creates) the database. Rejects with DATABASE_INVALID or STORAGE_REFUSED. */
export async function openDriver(
  name: string,
  place: DatabasePlace,
  connect: Connect,
): Promise<SqlDriver> {
  const { file, isShared } = place
  checkHeader(file)
  const writer = connect({ file, setup: writerSetup(place), isReadOnly: false })
  const reader = isShared ? writer : connect({ file, setup: readerSetup, isReadOnly: false })
  const readTurns = turns()
  // On one connection a read must not fall into a transaction, nor a write into a snapshot.
  const writeTurns = isShared ? readTurns : turns()
  const lines: Lines = { place, connect, writer, reader }
  const copying = checkpoints(() =>
    readTurns(() => reader.script('PRAGMA wal_checkpoint(PASSIVE)')),
  )

  async function transact(script: string): Promise<void> {
    copying.throwFailure()
    await writer.script(script)
    if (!isShared) copying.written(script.length)
  }

  const driver: SqlDriver = {
    name,
    journalMode: journalModeOf(place),
    transaction: (statements, { isDurable }) =>
      writeTurns(() => transact(transactionScript(statements, isDurable, !isShared))),
    all: (text, params = []) => readTurns(() => reader.all(text, params)),
    snapshot: (read) =>
      readTurns(async () => {
        await reader.script('BEGIN')
        try {
          return await read((text, params = []) => reader.all(text, params))
        } finally {
          await reader.script('COMMIT')
        }
      }),
    script: (text) => writeTurns(() => writer.script(text)),
    backup: (target) =>
      isShared ? writeTurns(() => backupTo(lines, target)) : backupTo(lines, target),
    close: async () => {
      if (reader !== writer) await readTurns(() => reader.close())
      await writeTurns(() => writer.close())
    },
  }
  try {
    // The first script opens the file, so that a refusal is told here.
    await driver.script('SELECT count(*) FROM sqlite_schema')
    return driver
  } catch (error) {
    // What it said at first counts, not what the close says.
    await driver.close().catch(() => undefined)
    throw error
  }
}
