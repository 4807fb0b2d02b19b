// Where the other programs of this package are: beside the bundle in dist, or the sources.
import { dirname, join } from 'node:path'

const sources = {
  runner: 'daemon/runner/main.ts',
  supervisor: 'client/launcher/supervisor/main.ts',
} as const

/** Flags for our own Node: node:sqlite warns on older releases, which no user can act on. */
const flags = ['--disable-warning=ExperimentalWarning'] as const

/** This Node with its flags. */
export const nodeCommand: readonly string[] = [process.execPath, ...flags]

/** Absolute path of a program, to be run by `nodeCommand`. */
export function programFile(name: keyof typeof sources): string {
  const self = import.meta.filename
  if (self.endsWith('.ts')) return join(dirname(self), '../..', sources[name])
  return join(dirname(self), `${name}.js`)
}
