// The store over a driver: each call of the contract as statements or queries.
// Must never decide anything about jobs, and never write without the epoch.
import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { fault } from '../../protocol/faults.ts'
import type { JobFilter, StateCounts } from '../../protocol/job.ts'
import type { SqlDriver, SqlStatement } from '../../protocol/ports.ts'
import { stateOf } from '../../protocol/states.ts'
import { beginReign, endNumbers } from './boot.ts'
import { catchUpStatements } from './catch-up.ts'
import { checkStore } from './check.ts'
import {
  commitStatements,
  dropChanges,
  stageChangeStatements,
  stageEdgesStatements,
  stageStatements,
  unstageStatements,
} from './commit.ts'
import { loadMigrations, type Migration, migrate } from './migrate.ts'
import { breakdownOf, totalOf } from './queries/counts.ts'
import { edgesBelow, edgesInto, kinOf, standingOf, statesOf } from './queries/edges.ts'
import { type Wanted, wanted } from './queries/filter.ts'
import { findJob, rowsIn, specsIn, specsWithBodies } from './queries/find.ts'
import { listPage } from './queries/list.ts'
import { matchingRanges } from './queries/match.ts'
import { numberOf, textOf } from './sql.ts'
import type { Store } from './store.ts'

/** What a store is opened with. */
export interface StoreOptions {
  readonly driver: SqlDriver
  /** The database file, for backups before a migration; null for one in memory. */
  readonly file: string | null
  /** Other migrations than those beside this source; for tests. */
  readonly migrations?: readonly Migration[]
  /** Jobs up to which a filter is answered by going through them; for tests. */
  readonly fewJobs?: number
  /** Absolute path of the site: working directories lie in it. */
  readonly siteDirectory?: string
}

/**
 * Opens the store of a site: its schema is made or brought up to date. `open` must be called before
 * anything is written. Faults: DATABASE_INVALID, DATABASE_NEWER, STORAGE_REFUSED.
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { driver } = options
  await migrate(driver, options.file, options.migrations ?? loadMigrations())
  let epoch = 0

  const want = (filter: JobFilter): Wanted => wanted(filter, options.fewJobs, options.siteDirectory)

  function write(statements: readonly SqlStatement[], isDurable: boolean): Promise<void> {
    if (epoch === 0) throw new Error('the store is written before it is open')
    return driver.transaction(statements, { isDurable })
  }

  return {
    facts: { driver: driver.name, journalMode: driver.journalMode },
    open: async (owner) => {
      const site = await beginReign(driver, owner)
      epoch = site.epoch
      return site
    },
    reigns: async () => {
      const [row] = await driver.all('SELECT epoch FROM reign')
      return row !== undefined && numberOf(row, 'epoch') === epoch
    },
    commit: (turn) => write(commitStatements(turn, epoch), true),
    catchUp: (rows) => write(catchUpStatements(rows, epoch), false),
    stage: (block, specs) => write(stageStatements(block, specs, epoch), false),
    unstage: (blocks) => write(unstageStatements(blocks, epoch), false),
    stageEdges: (edges) => write(stageEdgesStatements(edges, epoch), false),
    statesOf: (ids) => driver.snapshot((all) => statesOf(all, ids)),
    kin: (id, max) => driver.snapshot((all) => kinOf(all, id, max)),
    standingOf: (ranges) => driver.snapshot((all) => standingOf(all, ranges)),
    edgesBelow: (added) => driver.snapshot((all) => edgesBelow(all, added)),
    edgesInto: (ranges) => driver.snapshot((all) => edgesInto(all, ranges)),
    stageChanges: (batch, specs) => write(stageChangeStatements(batch, specs, epoch), false),
    dropChanges: (batch) => write([dropChanges(batch)], false),
    specsOf: (ids) => specsWithBodies((text, params) => driver.all(text, params), ids),
    specsIn: (ranges, limit) => specsIn((text, params) => driver.all(text, params), ranges, limit),
    endedIn: (ranges, limit) =>
      rowsIn((text, params) => driver.all(text, params), ranges, endNumbers, limit),
    submission: async (key) => {
      const [row] = await driver.all('SELECT * FROM submission WHERE key = ?', [key])
      if (row === undefined) return null
      return { key, digest: textOf(row, 'digest'), receipt: textOf(row, 'receipt') }
    },
    list: (filter, after, limit) =>
      driver.snapshot((all) => listPage(all, want(filter), { after, limit })),
    query: (filter, asked) => driver.snapshot((all) => listPage(all, want(filter), asked)),
    counts: (filter) =>
      driver.snapshot(async (all) => {
        const breakdown = await breakdownOf(all, want(filter))
        const states: StateCounts = {}
        for (const [state, count] of breakdown) states[stateOf(state)] = count
        return { total: totalOf(breakdown), states }
      }),
    match: (filter) => driver.snapshot((all) => matchingRanges(all, want(filter))),
    find: (id) => driver.snapshot((all) => findJob(all, id)),
    check: () => driver.snapshot(checkStore),
    backup: (file) => backupTo(driver, file),
    close: () => driver.close(),
  }
}

async function backupTo(driver: SqlDriver, file: string): Promise<number> {
  if (existsSync(file)) throw fault('BAD_FIELD', { field: 'file', what: `${file} exists already` })
  try {
    // SQLite says no more than that it could not: what keeps a file from being made is said here.
    accessSync(dirname(file), constants.W_OK | constants.X_OK)
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/, \w+ '.*$/, '') : String(error)
    throw fault('BAD_FIELD', { field: 'file', what: `${file} cannot be written: ${why}` })
  }
  await driver.backup(file)
  return statSync(file).size
}
