// Which SQLite driver runs, and why: said by `balsamd status`.
// Must never fall back in silence when a driver was asked for by name.
import { fault } from '../../../protocol/faults.ts'
import type { SqlDriver } from '../../../protocol/ports.ts'
import { openNodeSqlite } from './node-sqlite.ts'
import type { DatabasePlace } from './settings.ts'
import { loadSqlite3, openSqlite3 } from './sqlite3.ts'

/** A driver by name, or 'auto': sqlite3 when its native module loads, else node:sqlite. */
export type DriverPreference = 'auto' | 'sqlite3' | 'node:sqlite'

/** The driver picked, and the reason in words. */
export interface PickedDriver {
  readonly name: 'sqlite3' | 'node:sqlite'
  readonly reason: string
  open(place: DatabasePlace): Promise<SqlDriver>
}

async function complaintOf(load: () => Promise<unknown>): Promise<string | null> {
  try {
    await load()
    return null
  } catch (error) {
    // The first line names the module; the rest lists every folder that was searched.
    const words = error instanceof Error ? error.message : String(error)
    return (words.split('\n')[0] ?? words).replace(/[.:]* Tried:$/, '')
  }
}

/** Picks the driver. DRIVER_MISSING when the one asked for, or every one, can't be loaded. */
export async function pickDriver(options: {
  readonly preference: DriverPreference
}): Promise<PickedDriver> {
  const { preference } = options
  const native = preference === 'node:sqlite' ? null : await complaintOf(loadSqlite3)
  if (preference !== 'node:sqlite' && native === null) {
    const reason = preference === 'auto' ? 'its native module loads' : 'it was asked for'
    return { name: 'sqlite3', reason, open: openSqlite3 }
  }
  if (preference === 'sqlite3') throw fault('DRIVER_MISSING', { what: native ?? 'sqlite3' })
  const own = await complaintOf(() => import('node:sqlite'))
  if (own !== null) throw fault('DRIVER_MISSING', { what: `${native ?? ''} ${own}`.trim() })
  const reason = preference === 'auto' ? `sqlite3 does not load: ${native}` : 'it was asked for'
  return { name: 'node:sqlite', reason, open: openNodeSqlite }
}
