// The node:sqlite driver: Node's own SQLite in worker threads, so that the event loop never waits.
// Must never touch a database from the main thread.
import { Worker } from 'node:worker_threads'
import type { SqlDriver, SqlRow, SqlValue } from '../../../protocol/ports.ts'
import { type Connection, type ConnectionPlan, openDriver } from './driver.ts'
import { classified } from './errors.ts'
import type { WorkerAnswer, WorkerRequest, WorkerStart } from './node-sqlite-worker.ts'
import type { DatabasePlace } from './settings.ts'
import { afterFailure } from './transaction.ts'

/** The thread's program: beside this source, or a bundle of its own beside the daemon's. */
function workerProgram(): URL {
  const isSource = import.meta.url.endsWith('.ts')
  return new URL(isSource ? './node-sqlite-worker.ts' : './sqlite-worker.js', import.meta.url)
}

interface Pending {
  readonly resolve: (rows: SqlRow[]) => void
  readonly reject: (error: Error) => void
}

/** A connection in a thread of its own. */
function connect(plan: ConnectionPlan): Connection {
  const start: WorkerStart = { ...plan, afterFailure }
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
    else waiting?.reject(classified(answer.complaint, plan.file))
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
export function openNodeSqlite(place: DatabasePlace): Promise<SqlDriver> {
  return openDriver('node:sqlite', place, connect)
}
