// What a spawner is told by its command line.
// Must never take a secret: argv is public.
import { parseArgs } from 'node:util'
import type { Log } from '../../../protocol/ports.ts'
import type { SpawnerKind } from './messages.ts'

/** How a spawner was started. */
export interface SpawnerSettings {
  readonly kind: SpawnerKind | 'auto' | 'python'
  readonly journalFile: string
  /** What the task markers begin with. */
  readonly marker: string
  /** Who gives the commands. With another parent, commands are those of a dead launcher. */
  readonly launcherPid: number
  /** Soft limit of open files for tasks (Node raises its own and they inherit); null: as is. */
  readonly openFilesSoft: number | null
  readonly log: Log
}

/** Reads the command line. Throws a message for people. */
export function readSettings(words: readonly string[], log: Log): SpawnerSettings {
  const { values } = parseArgs({
    args: [...words],
    options: {
      kind: { type: 'string', default: 'auto' },
      journal: { type: 'string' },
      marker: { type: 'string', default: '' },
      launcher: { type: 'string' },
      'open-files': { type: 'string' },
    },
  })
  const { kind, journal, marker } = values
  if (!isKind(kind)) throw new Error(`--kind must be one of ${kinds.join(', ')}, not ${kind}`)
  if (journal === undefined) throw new Error('--journal FILE is missing')
  const launcherPid = Number(values.launcher)
  if (!Number.isSafeInteger(launcherPid)) throw new Error('--launcher PID is missing')
  const openFiles = values['open-files']
  const openFilesSoft = openFiles === undefined ? null : Number(openFiles)
  return { kind, journalFile: journal, marker, launcherPid, openFilesSoft, log }
}

const kinds = ['auto', 'koffi', 'shell', 'child', 'python'] as const

function isKind(text: string): text is (typeof kinds)[number] {
  return kinds.some((kind) => kind === text)
}
