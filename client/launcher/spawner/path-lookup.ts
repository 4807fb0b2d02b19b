// Finds a command on the task's own PATH, as execvp would, and remembers for a moment.
// Must never look at the spawner's PATH: a task sees the environment it was given.
import { accessSync, constants, statSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import type { Clock } from '../../../protocol/ports.ts'

/** Long enough to spare 10,000 short tasks the look-up, short enough for a new file to be seen. */
const memoryMs = 1_000
const entriesMax = 1_000
/** What execvp uses when PATH is unset. */
const pathDefault = '/bin:/usr/bin'

/** A file to execute, or an error code. */
export type Found = { readonly file: string } | { readonly code: 'ENOENT' | 'EACCES' }

interface Known {
  readonly found: Found
  readonly untilMs: number
}

/** Looks commands up. */
export interface PathLookup {
  /** A command with a slash is taken as it stands: the kernel resolves it in the directory. */
  find(command: string, path: string | undefined, cwd: string): Found
  /** What was remembered turned out wrong. */
  forget(): void
}

/** A look-up with an empty memory. */
export function makePathLookup(clock: Clock): PathLookup {
  // By path, then by command: a joined key would have to be hashed anew for every task.
  const memory = new Map<string, Map<string, Known>>()
  let entries = 0
  const forget = (): void => {
    memory.clear()
    entries = 0
  }
  return {
    find(command, path = pathDefault, cwd) {
      if (command.includes('/')) return { file: command }
      const known = memory.get(path)?.get(command)
      const nowMs = clock.monotonicMs()
      if (known !== undefined && known.untilMs > nowMs) return known.found
      const directories = path.split(':')
      const found = search(command, directories, cwd)
      // With a relative directory the answer depends on cwd; a miss must be looked at again.
      if ('file' in found && directories.every(isAbsolute)) {
        if (entries >= entriesMax) forget()
        const commands = memory.get(path) ?? new Map<string, Known>()
        commands.set(command, { found, untilMs: nowMs + memoryMs })
        memory.set(path, commands)
        entries++
      }
      return found
    },
    forget,
  }
}

function search(command: string, directories: readonly string[], cwd: string): Found {
  let code: 'ENOENT' | 'EACCES' = 'ENOENT'
  for (const directory of directories) {
    const file = join(isAbsolute(directory) ? directory : join(cwd, directory), command)
    try {
      if (!statSync(file).isFile()) continue
      accessSync(file, constants.X_OK)
      return { file }
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'EACCES') code = 'EACCES'
    }
  }
  return { code }
}
