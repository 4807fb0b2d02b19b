// What SQLite's complaints mean to the store: which are faults of the outside world.
// Must never call an error a refusal when something may have been written.
import { fault } from '../../../protocol/faults.ts'
import { mustChangeMessage } from './transaction.ts'

/** SQLite's result code (extended where the driver tells it) and words. */
export interface SqliteComplaint {
  readonly code: number
  readonly message: string
}

const primary = {
  BUSY: 5,
  LOCKED: 6,
  READONLY: 8,
  CORRUPT: 11,
  FULL: 13,
  CANTOPEN: 14,
  NOTADB: 26,
} as const

/** SQLITE_IOERR_WRITE: a write was refused (quota); unlike after a failed fsync, none counts. */
const ioerrWrite = 10 | (3 << 8)
/**
 * SQLITE_IOERR_SHMSIZE: the WAL found its room and its index none. The index says what counts, and
 * the next transaction takes the same place in the WAL; should the process end before, what was
 * refused is found there: then it was done, and nobody was told so.
 */
const ioerrShmSize = 10 | (19 << 8)

/** The error to throw for a complaint about this database file. */
export function classified(complaint: SqliteComplaint, file: string): Error {
  const { code, message } = complaint
  if (message.includes(mustChangeMessage)) return fault('STALE_EPOCH')
  if (code === ioerrWrite || code === ioerrShmSize)
    return fault('STORAGE_REFUSED', { what: message })
  switch (code & 0xff) {
    case primary.FULL:
    case primary.BUSY:
    case primary.LOCKED:
      return fault('STORAGE_REFUSED', { what: message })
    case primary.NOTADB:
    case primary.CORRUPT:
      return fault('DATABASE_INVALID', { path: file, what: message })
    default:
      return new Error(`SQLite failed on ${file}: ${message} (code ${code})`)
  }
}
