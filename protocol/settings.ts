// Every setting in one table: name in config.toml, type, default, meaning, Balsam 0.3's name.
// Pure. A setting stands here only when something reads it; nothing is accepted and then ignored.
import { parseDuration } from './durations.ts'
import { fault } from './faults.ts'
import { limits } from './limits.ts'

/** A value as config.toml holds it. Durations are texts such as "5s". */
export type SettingValue = string | number

/** One setting. */
export interface SettingEntry {
  /** With its table: `log.level`. */
  readonly name: string
  readonly type: 'text' | 'integer' | 'duration' | 'choice' | 'address'
  readonly fallback: SettingValue
  readonly meaning: string
  readonly choices?: readonly string[]
  readonly min?: number
  readonly max?: number
  /** Balsam 0.3's name, accepted as a synonym; `convert` where its values meant something else. */
  readonly old?: string
  readonly convert?: (value: SettingValue) => SettingValue
}

const levels = ['debug', 'info', 'warn', 'error'] as const
const drivers = ['auto', 'sqlite3', 'node:sqlite'] as const
const spawnerKinds = ['auto', 'koffi', 'shell', 'child'] as const
const hookPlaces = ['launcher', 'daemon'] as const
const launcherLinks = ['socket', 'tls'] as const
const pythonLevels: Readonly<Record<string, string>> = { warning: 'warn', critical: 'error' }

/** All settings, in the order of the documentation. */
export const settingTable: readonly SettingEntry[] = [
  {
    name: 'scheduler',
    type: 'choice',
    choices: ['local'],
    fallback: 'local',
    meaning: 'The batch scheduler that allocations are asked of.',
    old: 'SCHEDULER_CLASS',
  },
  {
    name: 'default_project',
    type: 'text',
    fallback: '',
    meaning: 'Project of an allocation when `submit-launch` names none.',
    old: 'DEFAULT_PROJECT',
  },
  {
    name: 'default_queue',
    type: 'text',
    fallback: '',
    meaning: 'Queue of an allocation when `submit-launch` names none.',
  },
  {
    name: 'database.driver',
    type: 'choice',
    choices: drivers,
    fallback: 'auto',
    meaning: 'SQLite driver of the daemon; `auto` takes `sqlite3` where it loads.',
  },
  {
    name: 'log.level',
    type: 'choice',
    choices: levels,
    fallback: 'info',
    meaning: 'The least grave messages that daemon and launchers log.',
    old: 'LOG_HANDLER_LEVEL',
    convert: (value) => {
      const level = String(value).toLowerCase()
      return pythonLevels[level] ?? level
    },
  },
  {
    name: 'log.size_mib',
    type: 'integer',
    min: 1,
    max: 10_000,
    fallback: 10,
    meaning: 'Size in MiB at which a log file is set aside and a new one begun.',
    old: 'LOG_FILE_SIZE_LIMIT',
    // Balsam 0.3 counted bytes.
    convert: (value) => Math.max(1, Math.round(Number(value) / (1024 * 1024))),
  },
  {
    name: 'log.keep',
    type: 'integer',
    min: 0,
    max: 1000,
    fallback: 3,
    meaning: 'Number of log files set aside that are kept.',
    old: 'LOG_BACKUP_COUNT',
  },
  {
    name: 'links.listen',
    type: 'address',
    fallback: '',
    meaning:
      'Address (`HOST:PORT`, port 0: any free one) where the daemon listens for launchers over ' +
      'TLS with a key per allocation; empty: it listens on no network.',
  },
  {
    name: 'launcher.link',
    type: 'choice',
    choices: launcherLinks,
    fallback: 'socket',
    meaning:
      'How launchers reach the daemon: by its Unix socket on this host, or by `links.listen`.',
  },
  {
    name: 'launcher.kill_grace',
    type: 'duration',
    fallback: '5s',
    meaning: 'Time between TERM and KILL when a task is ended.',
  },
  {
    name: 'launcher.spawner',
    type: 'choice',
    choices: spawnerKinds,
    fallback: 'auto',
    meaning: 'How tasks are started; `auto` takes the fastest way that works.',
  },
  {
    name: 'launcher.spawners',
    type: 'integer',
    min: 0,
    max: 256,
    fallback: 0,
    meaning: 'Spawner processes of a launcher; 0: chosen from its cores.',
  },
  {
    name: 'hooks.where',
    type: 'choice',
    choices: hookPlaces,
    fallback: 'launcher',
    meaning:
      'Where hooks and transfers run: on the nodes of launchers with hook slots (and by a ' +
      'launcher of the daemon where there are none), or only on the node of the daemon.',
  },
  {
    name: 'hooks.slots',
    type: 'integer',
    min: 0,
    max: limits.hookSlotsMax,
    fallback: limits.hookSlotsDefault,
    meaning: 'Hooks and transfers that a launcher runs at once; 0 leaves them to the daemon.',
    old: 'NUM_TRANSITION_THREADS',
  },
  {
    name: 'hooks.timeout',
    type: 'duration',
    fallback: '300s',
    meaning: 'A hook that runs longer is ended, and its job fails.',
  },
  {
    name: 'transfers.timeout',
    type: 'duration',
    fallback: '1h',
    meaning: 'A stage-in or stage-out that takes longer is ended, and its job fails.',
  },
]

/** Settings of Balsam 0.3 without a counterpart, and why. */
export const droppedSettings: Readonly<Record<string, string>> = {
  SCHEDULER_SUBMIT_EXE: 'the local scheduler has no commands, batch schedulers come later',
  SCHEDULER_STATUS_EXE: 'the local scheduler has no commands, batch schedulers come later',
  SERVICE_PERIOD: 'nothing is polled any more',
  MAX_CONCURRENT_MPIRUNS: 'a launcher runs as many tasks as its cores allow',
  QUEUE_POLICY: 'batch schedulers and their queues come later',
  JOB_TEMPLATE: 'batch schedulers and their job scripts come later',
}

/** The entry of a name, new or of Balsam 0.3. */
export function settingOf(name: string): SettingEntry | undefined {
  return settingTable.find((entry) => entry.name === name || entry.old === name)
}

/**
 * The checked value of a setting. `name` is as written, `file` where, for the error.
 * Throws SETTING_INVALID.
 */
export function checkSetting(
  entry: SettingEntry,
  name: string,
  given: unknown,
  file: string,
): SettingValue {
  const invalid = (what: string): Error => {
    return fault('SETTING_INVALID', { file, name, value: JSON.stringify(given) ?? '', what })
  }
  if (typeof given !== 'string' && typeof given !== 'number') {
    throw invalid(`it must be ${entry.type === 'integer' ? 'a number' : 'a text in quotes'}`)
  }
  const convert = name === entry.old ? entry.convert : undefined
  const value = convert !== undefined ? convert(given) : withUnit(entry, given)
  if (entry.type === 'integer') {
    const { min = 0, max = Number.MAX_SAFE_INTEGER } = entry
    const isInRange = typeof value === 'number' && value >= min && value <= max
    if (!isInRange || !Number.isInteger(value)) {
      throw invalid(`it must be a whole number from ${min} to ${max}`)
    }
    return value
  }
  if (typeof value !== 'string') throw invalid('it must be a text in quotes')
  if (entry.choices !== undefined && !entry.choices.includes(value)) {
    throw invalid(`it must be one of ${entry.choices.join(', ')}`)
  }
  if (entry.type === 'address' && value !== '' && parseAddress(value) === null) {
    throw invalid('it must be HOST:PORT, [IPv6]:PORT, or empty')
  }
  if (entry.type === 'duration') parseDuration(value, `${file}: ${name}`, 's')
  return value
}

/** A bare number of a duration counts seconds. */
function withUnit(entry: SettingEntry, given: SettingValue): SettingValue {
  return entry.type === 'duration' && typeof given === 'number' ? `${given}s` : given
}

/** A TCP address. */
export interface Address {
  readonly host: string
  readonly port: number
}

/** The address that `HOST:PORT` or `[IPv6]:PORT` names; null when it is none. */
export function parseAddress(text: string): Address | null {
  const found = /^(?:\[([\da-fA-F:.]+)\]|([\w.-]+)):(\d{1,5})$/.exec(text)
  const [host, port] = [found?.[1] ?? found?.[2] ?? '', Number(found?.[3] ?? -1)]
  return host === '' || port < 0 || port > 65_535 ? null : { host, port }
}

/** The settings as programs use them. */
export interface Settings {
  readonly scheduler: string
  readonly defaultProject: string
  readonly defaultQueue: string
  readonly databaseDriver: (typeof drivers)[number]
  readonly logLevel: (typeof levels)[number]
  readonly logSizeMiB: number
  readonly logKeep: number
  readonly killGraceMs: number
  readonly spawnerKind: (typeof spawnerKinds)[number]
  /** null: chosen from the cores. */
  readonly spawners: number | null
  /** Where to listen for launchers; null: nowhere. */
  readonly listen: Address | null
  readonly launcherLink: (typeof launcherLinks)[number]
  readonly hooksWhere: (typeof hookPlaces)[number]
  readonly hookSlots: number
  readonly hookMs: number
  readonly transferMs: number
}

/** Values by name, defaults filled in, to what programs use. */
export function toSettings(values: Readonly<Record<string, SettingValue>>): Settings {
  const text = (name: string): string => String(values[name] ?? settingOf(name)?.fallback ?? '')
  const number = (name: string): number => Number(values[name] ?? settingOf(name)?.fallback ?? 0)
  const milliseconds = (name: string): number =>
    Math.round(parseDuration(text(name), name, 's') * 1000)
  return {
    scheduler: text('scheduler'),
    defaultProject: text('default_project'),
    defaultQueue: text('default_queue'),
    databaseDriver: oneOf(drivers, text('database.driver')),
    logLevel: oneOf(levels, text('log.level')),
    logSizeMiB: number('log.size_mib'),
    logKeep: number('log.keep'),
    killGraceMs: milliseconds('launcher.kill_grace'),
    spawnerKind: oneOf(spawnerKinds, text('launcher.spawner')),
    spawners: number('launcher.spawners') || null,
    listen: parseAddress(text('links.listen')),
    launcherLink: oneOf(launcherLinks, text('launcher.link')),
    hooksWhere: oneOf(hookPlaces, text('hooks.where')),
    hookSlots: number('hooks.slots'),
    hookMs: milliseconds('hooks.timeout'),
    transferMs: milliseconds('transfers.timeout'),
  }
}

/** A text that has been checked, as the choice that it is. */
function oneOf<Choice extends string>(choices: readonly Choice[], text: string): Choice {
  const found = choices.find((each) => each === text)
  if (found === undefined) throw new Error(`${text} was not checked`)
  return found
}
