// The thread behind the node:sqlite driver: one connection, one request after another.
// Must never import anything but node's own modules: it is also a bundle of its own.
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'

type Value = number | string | null | Uint8Array

/** A request: a script, or a query with its parameters. */
export interface WorkerRequest {
  readonly id: number
  readonly kind: 'script' | 'all' | 'close'
  readonly sql: string
  readonly params: readonly Value[]
}

/** Its answer: rows, or SQLite's complaint. */
export interface WorkerAnswer {
  readonly id: number
  readonly rows?: readonly Readonly<Record<string, Value>>[]
  readonly complaint?: { readonly code: number; readonly message: string }
}

/** What the thread is started with. */
export interface WorkerStart {
  readonly file: string
  readonly setup: string
  readonly isReadOnly: boolean
  /** Run after a failed script, once its transaction is undone. */
  readonly afterFailure: string
}

/** Prepared queries kept; the store has fewer shapes than this. */
const preparedMax = 200

function serve(start: WorkerStart, port: NonNullable<typeof parentPort>): void {
  const prepared = new Map<string, StatementSync>()
  let database: DatabaseSync | null = null

  function open(): DatabaseSync {
    if (database !== null) return database
    // Set-up may be refused (not a database, locked): that is the first script's complaint.
    const opened = new DatabaseSync(start.file, { readOnly: start.isReadOnly })
    try {
      opened.exec(start.setup)
    } catch (error) {
      opened.close()
      throw error
    }
    database = opened
    return opened
  }

  function runScript(text: string): void {
    const connection = open()
    try {
      connection.exec(text)
    } catch (error) {
      if (connection.isTransaction) connection.exec('ROLLBACK')
      if (!start.isReadOnly) connection.exec(start.afterFailure)
      throw error
    }
  }

  function query(text: string, params: readonly Value[]): WorkerAnswer['rows'] {
    let statement = prepared.get(text)
    if (statement === undefined) {
      if (prepared.size >= preparedMax) prepared.clear()
      statement = open().prepare(text)
      prepared.set(text, statement)
    }
    // Only values of our own tables: text, numbers below 2^53, blobs and null.
    return statement.all(...params) as NonNullable<WorkerAnswer['rows']>
  }

  port.on('message', (request: WorkerRequest) => {
    try {
      if (request.kind === 'close') {
        prepared.clear()
        database?.close()
        port.postMessage({ id: request.id } satisfies WorkerAnswer)
        port.close()
      } else if (request.kind === 'script') {
        runScript(request.sql)
        port.postMessage({ id: request.id } satisfies WorkerAnswer)
      } else {
        const rows = query(request.sql, request.params)
        port.postMessage({ id: request.id, rows: rows ?? [] } satisfies WorkerAnswer)
      }
    } catch (error) {
      port.postMessage({ id: request.id, complaint: complaintOf(error) } satisfies WorkerAnswer)
    }
  })
}

function complaintOf(error: unknown): { code: number; message: string } {
  if (!(error instanceof Error)) return { code: 1, message: String(error) }
  const code = 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : 1
  return { code, message: error.message }
}

// workerData is what the driver passed; both sides are this package.
if (parentPort !== null) serve(workerData as WorkerStart, parentPort)
