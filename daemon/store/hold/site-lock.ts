// The lock that one process holds over a site on this host, for as long as it lives.
// SQLite takes it (Node has no flock), on a file of its own that no other SQLite library opens:
// closing a file drops a process's locks on it.
import { DatabaseSync } from 'node:sqlite'

/** A lock that is held. */
export interface SiteLock {
  release(): void
}

/** SQLITE_BUSY. */
const busy = 5

/** Takes the lock; null when another process holds it. Other errors are thrown as they come. */
export function takeLock(file: string): SiteLock | null {
  const database = new DatabaseSync(file)
  try {
    // Nothing is ever written: the lock lies on bytes far beyond the end of an empty file.
    database.exec('PRAGMA busy_timeout=0; BEGIN EXCLUSIVE')
    return { release: () => database.close() }
  } catch (error) {
    database.close()
    if (error instanceof Error && 'errcode' in error && error.errcode === busy) return null
    throw error
  }
}
