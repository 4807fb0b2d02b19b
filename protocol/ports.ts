// The doors through which time, chance, storage and processes enter daemon and launcher.
// Types only: production and the deterministic simulation implement them.

/** A timer that has not fired yet. */
export interface Timer {
  cancel(): void
}

/** Time. Wall time is for people; deadlines use monotonic time. */
export interface Clock {
  /** Milliseconds since 1970, for records that people read. May jump. */
  wallMs(): number
  /** Milliseconds that only grow, for durations and deadlines. */
  monotonicMs(): number
  /** Calls once after at least this long. */
  after(ms: number, call: () => void): Timer
  /** Calls once, as soon as the events that have already arrived are handled. */
  soon(call: () => void): void
}

/** Chance. */
export interface Randomness {
  /** A number in [0, 1). */
  next(): number
  /** Bytes fit for secrets in production; seeded in the simulation. Returned in hex. */
  hex(bytes: number): string
}

/** One line of a log; never a secret. */
export interface Log {
  debug(what: string, facts?: Readonly<Record<string, unknown>>): void
  info(what: string, facts?: Readonly<Record<string, unknown>>): void
  warn(what: string, facts?: Readonly<Record<string, unknown>>): void
  error(what: string, facts?: Readonly<Record<string, unknown>>): void
}

/** One connection that carries whole frames, in order, until it is closed. */
export interface FrameLink {
  /** Queues a frame. Frames of a closed link are dropped. */
  send(frame: Uint8Array): void
  /** Bytes queued and not yet taken by the network. */
  bufferedBytes(): number
  close(reason: string): void
}

/** What the owner of a link hears from it. */
export interface FrameLinkHandlers {
  onFrame(frame: Uint8Array): void
  /** Called once, whichever side closed. */
  onClose(reason: string): void
}

/** A value that SQLite stores. */
export type SqlValue = number | string | null | Uint8Array

/** One statement with its positional parameters. */
export interface SqlStatement {
  readonly sql: string
  readonly params?: readonly SqlValue[]
  /**
   * For a bulk insert: `sql` ends in VALUES and these rows follow.
   * No statement is made for an empty list.
   */
  readonly rows?: readonly (readonly SqlValue[])[]
  /** The transaction is rolled back with STALE_EPOCH unless exactly this many rows change. */
  readonly mustChange?: number
}

/** A row by column name. */
export type SqlRow = Readonly<Record<string, SqlValue>>

/** Runs one query. */
export type SqlQuery = (sql: string, params?: readonly SqlValue[]) => Promise<SqlRow[]>

/**
 * The few things the store needs of a database;
 * implemented by `sqlite3`, `node:sqlite` and the simulation.
 */
export interface SqlDriver {
  readonly name: string
  /** 'wal', 'delete' or 'memory'. */
  readonly journalMode: string
  /**
   * All statements or none, in one transaction. Resolves when committed;
   * durable = fsynced (synchronous=FULL).
   */
  transaction(
    statements: readonly SqlStatement[],
    options: { readonly isDurable: boolean },
  ): Promise<void>
  /**
   * Rows of one query, on a connection that doesn't hold up writers where the journal mode allows.
   */
  all(sql: string, params?: readonly SqlValue[]): Promise<SqlRow[]>
  /** Several queries over one unchanging view of the database, whatever is written meanwhile. */
  snapshot<T>(read: (all: SqlQuery) => Promise<T>): Promise<T>
  /** Runs a script outside a transaction (pragmas, migrations bring their own). */
  script(sql: string): Promise<void>
  /** Copies the live database to a new file, consistently. */
  backup(file: string): Promise<void>
  close(): Promise<void>
}
