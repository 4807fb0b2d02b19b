// The schema of a database file: made, brought up to date after a backup, or refused untouched.
// Must never change a file that is newer than this program or that is no database of ours.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { fault } from '../../protocol/faults.ts'
import type { SqlDriver } from '../../protocol/ports.ts'
import { numberOf } from './sql.ts'

/** 'BALS', in SQLite's header: a database with another number is not ours. */
export const applicationId = 0x42414c53

/** One step of the schema. */
export interface Migration {
  /** The schema's number once it is applied. */
  readonly version: number
  readonly sql: string
}

/** The .sql files beside this source, or beside the daemon's bundle. */
export function loadMigrations(): readonly Migration[] {
  const folder = fileURLToPath(new URL('./migrations/', import.meta.url))
  const found = readdirSync(folder)
    .filter((name) => /^\d{3}-[\w-]+\.sql$/.test(name))
    .sort()
    .map((name) => ({
      version: Number(name.slice(0, 3)),
      sql: readFileSync(`${folder}${name}`, 'utf8'),
    }))
  for (const [index, { version }] of found.entries()) {
    if (version !== index + 1) throw new Error(`migration ${index + 1} is missing in ${folder}`)
  }
  if (found.length === 0) throw new Error(`no migrations in ${folder}`)
  return found
}

/** Reads what the file is, without changing it. */
async function inspect(
  driver: SqlDriver,
): Promise<{ version: number; application: number; tables: number }> {
  const [row] = await driver.all(`SELECT
    (SELECT user_version FROM pragma_user_version) AS version,
    (SELECT application_id FROM pragma_application_id) AS application,
    (SELECT count(*) FROM sqlite_schema) AS tables`)
  const facts = row ?? {}
  return {
    version: numberOf(facts, 'version'),
    application: numberOf(facts, 'application'),
    tables: numberOf(facts, 'tables'),
  }
}

function backupName(file: string, version: number): string {
  const plain = `${file}.before-${version}`
  if (!existsSync(plain)) return plain
  let number = 2
  while (existsSync(`${plain}.${number}`)) number += 1
  return `${plain}.${number}`
}

/**
 * Brings the database to the newest schema. DATABASE_INVALID for a database of something else,
 * DATABASE_NEWER for one of a later balsam; both are left as they are.
 * `file` null: a database in memory, which needs no backup.
 */
export async function migrate(
  driver: SqlDriver,
  file: string | null,
  migrations: readonly Migration[],
): Promise<void> {
  const path = file ?? ':memory:'
  const found = await inspect(driver)
  const isEmpty = found.tables === 0 && found.version === 0
  if (!isEmpty && found.application !== applicationId) {
    throw fault('DATABASE_INVALID', { path, what: 'it is an SQLite database of another program' })
  }
  const known = migrations.length
  if (found.version > known) {
    throw fault('DATABASE_NEWER', { path, found: found.version, known })
  }
  if (found.version === known) return
  if (!isEmpty && file !== null) await driver.backup(backupName(file, known))
  const steps = migrations.slice(found.version).map((each) => each.sql)
  await driver.script(`BEGIN IMMEDIATE;
PRAGMA application_id=${applicationId};
${steps.join(';\n')};
PRAGMA user_version=${known};
COMMIT;`)
}
