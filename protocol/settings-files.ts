// config.toml of the user and of the site → every setting's value and where it comes from.
// The TOML library is loaded only when there is a file: most sites have none.
import { fault } from './faults.ts'
import type { SettingValue } from './settings.ts'
import { checkSetting, droppedSettings, settingOf, settingTable } from './settings.ts'
import { lineOfSetting } from './settings-text.ts'
import { hint } from './suggest.ts'

/** A settings file that exists. */
export interface SettingsFile {
  readonly path: string
  readonly text: string
}

/** All settings, and for each the file and line that set it; `default` where none did. */
export interface SettingsRead {
  readonly values: Readonly<Record<string, SettingValue>>
  readonly origins: Readonly<Record<string, string>>
}

/**
 * Reads files, later ones over earlier ones. Faults name file and line: SETTINGS_UNREADABLE,
 * SETTING_UNKNOWN, SETTING_INVALID, SETTING_DROPPED.
 */
export async function readSettings(files: readonly SettingsFile[]): Promise<SettingsRead> {
  const values: Record<string, SettingValue> = {}
  const origins: Record<string, string> = {}
  for (const entry of settingTable) {
    values[entry.name] = entry.fallback
    origins[entry.name] = 'default'
  }
  for (const file of files) {
    for (const [name, given] of await pairsOf(file)) {
      const line = lineOfSetting(file.text, name)
      const place = line === undefined ? file.path : `${file.path}:${line}`
      const entry = settingOf(name)
      if (entry === undefined) throw unknown(name, place)
      values[entry.name] = checkSetting(entry, name, given, place)
      origins[entry.name] = place
    }
  }
  return { values, origins }
}

/** Names with their tables, and values, of a file's text. */
async function pairsOf(file: SettingsFile): Promise<[string, unknown][]> {
  const { parse } = await import('smol-toml')
  try {
    return flatten('', parse(file.text))
  } catch (error) {
    const what = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)
    throw fault('SETTINGS_UNREADABLE', { file: `${file.path}${lineOf(error)}`, what })
  }
}

function lineOf(error: unknown): string {
  const line = error instanceof Error && 'line' in error ? error.line : undefined
  return typeof line === 'number' ? `:${line}` : ''
}

function flatten(prefix: string, table: object): [string, unknown][] {
  return Object.entries(table).flatMap(([key, value]: [string, unknown]) => {
    const name = `${prefix}${key}`
    const isTable = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isTable && !(value instanceof Date) ? flatten(`${name}.`, value) : [[name, value]]
  })
}

function unknown(name: string, file: string): Error {
  const why = Object.hasOwn(droppedSettings, name) ? droppedSettings[name] : undefined
  if (why !== undefined) return fault('SETTING_DROPPED', { name: `${name} (${file})`, what: why })
  const known = settingTable.map((entry) => entry.name)
  return fault('SETTING_UNKNOWN', { file, name, hint: hint(name, known) })
}
