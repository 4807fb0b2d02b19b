// Where the other programs of this package are: beside the bundle in dist, or the sources.
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fault } from '../../protocol/faults.ts'

const sources = {
  daemon: 'daemon/main.ts',
  supervisor: 'client/launcher/supervisor/main.ts',
} as const

/** Flags for our own Node: node:sqlite warns on older releases, which no user can act on. */
export const nodeFlags: readonly string[] = ['--disable-warning=ExperimentalWarning']

/**
 * Flags for the daemon's Node. Its jobs live for some hundred ms: a small young generation is
 * collected in less than 20 ms and keeps the process small (measured at 40,000 tasks/s; larger
 * ones block longer).
 */
export const daemonFlags: readonly string[] = [...nodeFlags, '--max-semi-space-size=16']

/** Absolute path of a program for process.execPath. Throws DAEMON_START_FAILED when absent. */
export function programFile(name: keyof typeof sources): string {
  const self = import.meta.filename
  const isSource = self.endsWith('.ts')
  const file = isSource
    ? join(dirname(self), '../..', sources[name])
    : join(dirname(self), `${name}.js`)
  if (!existsSync(file)) {
    throw fault('DAEMON_START_FAILED', { what: `${file} is missing`, log: 'npm run build' })
  }
  return file
}

/**
 * Turns this process into another of our programs: same pid, same terminal, same signals, and no
 * parent that would have to pass them on. Does not return.
 */
export function becomeProgram(name: keyof typeof sources, args: readonly string[]): never {
  const flags = name === 'daemon' ? daemonFlags : nodeFlags
  const argv = [process.execPath, ...flags, programFile(name), ...args]
  // Present from Node 22.15 on, on every system but Windows.
  process.execve?.(process.execPath, argv, process.env)
  throw fault('UNSUPPORTED', { what: 'this system, which cannot replace a process' })
}
