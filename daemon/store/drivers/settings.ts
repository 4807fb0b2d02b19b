// How connections are set up: durability, memory, waiting. The same for every driver.
// Must never allow WAL on a network file system.
import { mustChangeSetup } from './transaction.ts'

/** Where the database is and what its file system allows. */
export interface DatabasePlace {
  readonly file: string
  /** True on a network file system: rollback journal, one connection, exclusive locking. */
  readonly isShared: boolean
}

/** The writing connection. */
export function writerSetup(place: DatabasePlace): string {
  const journal = place.isShared
    ? 'PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=DELETE;'
    : // Beside the writer most of the WAL is copied back already (checkpoints.ts); at 64 MiB it
      // copies the rest itself and begins the WAL anew, so that a restart reads little.
      `PRAGMA journal_mode=WAL;
PRAGMA wal_autocheckpoint=16384;
PRAGMA journal_size_limit=67108864;`
  return `
PRAGMA busy_timeout=2000;
${journal}
PRAGMA synchronous=FULL;
PRAGMA temp_store=MEMORY;
PRAGMA cache_size=-32768;
${mustChangeSetup}`
}

/** The reading connection of a local file system; it may copy the WAL back, nothing else. */
export const readerSetup = `
PRAGMA busy_timeout=2000;
PRAGMA query_only=ON;
PRAGMA temp_store=MEMORY;
PRAGMA cache_size=-32768;
`

/** The journal mode that the place gets. */
export function journalModeOf(place: DatabasePlace): 'wal' | 'delete' {
  return place.isShared ? 'delete' : 'wal'
}
