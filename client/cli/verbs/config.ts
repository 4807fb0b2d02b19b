// balsam config: show the settings and where they come from, get one, set one.
// `set` changes one line; it must never rewrite the rest of a user's file.
import { mkdirSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fault } from '../../../protocol/faults.ts'
import type { SettingEntry } from '../../../protocol/settings.ts'
import {
  checkSetting,
  droppedSettings,
  settingOf,
  settingTable,
} from '../../../protocol/settings.ts'
import type { SettingsRead } from '../../../protocol/settings-files.ts'
import { readSettings } from '../../../protocol/settings-files.ts'
import { withSetting } from '../../../protocol/settings-text.ts'
import { hint } from '../../../protocol/suggest.ts'
import { isGiven } from '../options.ts'
import { readIfThere, settingsFor, siteSettingsFile, userSettingsFile } from '../settings-files.ts'
import { printList } from '../show/document.ts'
import type { Column } from '../show/table.ts'
import type { Context, Parsed, Verb } from '../verb.ts'

interface SettingRow {
  readonly name: string
  readonly value: string | number
  readonly origin: string
}

const columns: readonly Column<SettingRow>[] = [
  { header: 'name', importance: 1, cell: (row) => row.name },
  { header: 'value', importance: 1, cell: (row) => String(row.value) },
]
const originColumn: Column<SettingRow> = {
  header: 'origin',
  importance: 1,
  cell: (row) => row.origin,
}

/** The verb. */
export const config: Verb = {
  declare(command) {
    command
      .argument('<action>', 'show, get or set')
      .argument('[name]', 'of get and set')
      .argument('[value]', 'of set')
      .option('--origin', 'show also which file and line a value comes from')
      .option('--user', 'set in the user’s file instead of the site’s')
  },
  async run(context, parsed) {
    const [action, name = '', value] = parsed.args
    if (action === 'show') return await showAll(context, parsed)
    if (action === 'get') return await getOne(context, parsed, entryOf(name))
    if (action === 'set' && value !== undefined) {
      return await setOne(context, parsed, entryOf(name), value)
    }
    const what = action === 'set' ? 'set needs NAME VALUE' : `config ${action ?? ''}?`
    throw fault('BAD_FLAG', { what, verb: 'config' })
  },
}

function entryOf(name: string): SettingEntry {
  const entry = settingOf(name)
  if (entry !== undefined) return entry
  const why = Object.hasOwn(droppedSettings, name) ? droppedSettings[name] : undefined
  if (why !== undefined) throw fault('SETTING_DROPPED', { name, what: why })
  const known = settingTable.map((each) => each.name)
  throw fault('SETTING_UNKNOWN', { file: 'config', name, hint: hint(name, known) })
}

function read(context: Context): Promise<SettingsRead> {
  return settingsFor(context.site().path, context.terminal.env)
}

async function showAll(context: Context, parsed: Parsed): Promise<number> {
  const { values, origins } = await read(context)
  const rows = settingTable.map(({ name }) => ({
    name,
    value: values[name] ?? '',
    origin: origins[name] ?? '',
  }))
  const shown = isGiven(parsed, 'origin') ? [...columns, originColumn] : columns
  printList(context, parsed, 'balsam.settings/1', rows, shown)
  return 0
}

async function getOne(context: Context, parsed: Parsed, entry: SettingEntry): Promise<number> {
  const { values, origins } = await read(context)
  const value = values[entry.name] ?? entry.fallback
  const origin = origins[entry.name] ?? 'default'
  if (isGiven(parsed, 'json')) {
    const document = { schema: 'balsam.setting/1', name: entry.name, value, origin }
    context.print(`${JSON.stringify(document)}\n`)
  } else context.print(`${value}${isGiven(parsed, 'origin') ? `\t${origin}` : ''}\n`)
  return 0
}

async function setOne(
  context: Context,
  parsed: Parsed,
  entry: SettingEntry,
  text: string,
): Promise<number> {
  const { env } = context.terminal
  const path = isGiven(parsed, 'user')
    ? userSettingsFile(env)
    : siteSettingsFile(context.siteDirectory())
  const given = entry.type === 'integer' && /^-?\d+$/.test(text) ? Number(text) : text
  const value = checkSetting(entry, entry.name, given, path)
  const before = readIfThere(path) ?? ''
  const after = withSetting(before, entry.name, JSON.stringify(value))
  // Odd but valid TOML may hide a line from us: then nothing is written.
  const written = (await readSettings([{ path, text: after }])).values[entry.name]
  if (written !== value) {
    const what = `${entry.name} could not be set there; please edit the file`
    throw fault('SETTINGS_UNREADABLE', { file: path, what })
  }
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0o600
  const aside = `${path}.${process.pid}`
  writeFileSync(aside, after, { mode })
  renameSync(aside, path)
  context.say(`balsam: ${entry.name} = ${JSON.stringify(value)} in ${path}`)
  context.say('  balsamd restart makes a running daemon use it; jobs go on')
  return 0
}
