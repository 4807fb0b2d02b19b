// The node:sqlite driver: Node's own SQLite in worker threads, so that the event loop never waits.
// Must never run two scripts at once on one connection, and never WAL on a network file system.
import { Worker } from 'node:worker_threads'
import type { SqlDriver, SqlRow, SqlValue } from '../../../protocol/ports.ts'
import { literal } from '../sql.ts'
import { classified } from './errors.ts'
import { checkHeader } from './header.ts'
import type { WorkerAnswer, WorkerRequest, WorkerStart } from './node-sqlite-worker.ts'
import { type DatabasePlace, journalModeOf, readerSetup, writerSetup } from './settings.ts'
import { afterFailure, transactionScript } from './transaction.ts'
import { turns } from './turns.ts'

/** One connection in a thread of its own. */
interface Connection {
  script(sql: string): Promise<void>
  all(sql: string, params: readonly SqlValue[]): Promise<SqlRow[]>
  close(): Promise<void>
}

/** The thread's program: beside this source, or a bundle of its own beside the daemon's. */
function workerProgram(): URL {
  const isSource = import.meta.url.endsWith('.ts')
  return new URL(isSource ? './node-sqlite-worker.ts' : './sqlite-worker.js', import.meta.url)
}

interface Pending {
  readonly resolve: (rows: SqlRow[]) => void
  readonly reject: (error: Error) => void
}

function connect(start: WorkerStart): Connection {
  const worker = new Worker(workerProgram(), { workerData: start })
  const pending = new Map<number, Pending>()
  let nextId = 0
  let ended: Error | null = null

  function endWith(error: Error): void {
    ended ??= error
    for (const each of pending.values()) each.reject(ended)
    pending.clear()
  }
  worker.on('message', (answer: WorkerAnswer) => {
    const waiting = pending.get(answer.id)
    pending.delete(answer.id)
    if (answer.complaint === undefined) waiting?.resolve([...(answer.rows ?? [])])
    else waiting?.reject(classified(answer.complaint, start.file))
  })
  worker.on('error', endWith)
  worker.on('exit', () => endWith(new Error('the database thread has ended')))

  function ask(
    kind: WorkerRequest['kind'],
    sql: string,
    params: readonly SqlValue[],
  ): Promise<SqlRow[]> {
    if (ended !== null) return Promise.reject(ended)
    const id = nextId++
    const answer = new Promise<SqlRow[]>((resolve, reject) => pending.set(id, { resolve, reject }))
    worker.postMessage({ id, kind, sql, params } satisfies WorkerRequest)
    return answer
  }
  return {
    script: async (text) => {
      await ask('script', text, [])
    },
    all: (text, params) => ask('all', text, params),
    close: async () => {
      const hasExited = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
      if (ended === null) await ask('close', '', [])
      else return
      await hasExited
    },
  }
}

/** Opens (or creates) the database. Rejects with DATABASE_INVALID or STORAGE_REFUSED. */
export async function openNodeSqlite(place: DatabasePlace): Promise<SqlDriver> {
  const { file } = place
  checkHeader(file)
  const writer = connect({ file, setup: writerSetup(place), isReadOnly: false, afterFailure })
  try {
    // The first script opens the file, so that a refusal is told here.
    await writer.script('SELECT count(*) FROM sqlite_schema')
  } catch (error) {
    // What it said at first counts, not what the close says.
    await writer.close().catch(() => undefined)
    throw error
  }
  const second = (setup: string): Connection =>
    connect({ file, setup, isReadOnly: true, afterFailure: '' })
  const reader = place.isShared ? writer : second(readerSetup)
  const readTurns = turns()
  // On one connection a read must not fall into a transaction, nor a write into a snapshot.
  const writeTurns = place.isShared ? readTurns : turns()

  return {
    name: 'node:sqlite',
    journalMode: journalModeOf(place),
    transaction: (statements, { isDurable }) =>
      writeTurns(() => writer.script(transactionScript(statements, isDurable, !place.isShared))),
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
    backup: async (target) => {
      const copier = place.isShared ? writer : second('')
      const copy = (): Promise<void> => copier.script(`VACUUM INTO ${literal(target)}`)
      try {
        await (place.isShared ? writeTurns(copy) : copy())
      } finally {
        if (!place.isShared) await copier.close()
      }
    },
    close: async () => {
      if (reader !== writer) await readTurns(() => reader.close())
      await writeTurns(() => writer.close())
    },
  }
}
