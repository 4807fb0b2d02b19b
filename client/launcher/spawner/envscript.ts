// A task with an environment script: a shell sources it, then becomes the command.
// Must never paste a word into shell text: the words are the shell's arguments.
import { accessSync, constants, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { hookArgv } from './hooks.ts'
import type { Task } from './messages.ts'

/** Environment scripts are written for bash (modules, conda), so it comes first. */
const shells = ['/bin/bash', '/usr/bin/bash', '/bin/sh']

/** $0 is the script; then NAME=VALUE words up to --, which win over it; then the command. */
const text = '. "$0" || exit; while [ "$1" != -- ]; do export "$1"; shift; done; shift; exec "$@"'

const exportable = /^[A-Za-z_][A-Za-z0-9_]*$/

/** The argv that runs the task: its own, or a shell that sources the script first. */
export function argvOf(
  task: Pick<Task, 'argv' | 'envscript' | 'cwd' | 'env' | 'hook'>,
): readonly string[] {
  if (task.envscript === null) return hookArgv(task)
  const shell = shells.find(isRunnable) ?? '/bin/sh'
  const exports = Object.entries(task.env)
    .filter(([name]) => exportable.test(name))
    .map(([name, value]) => `${name}=${value}`)
  const script = resolve(task.cwd, task.envscript)
  return [shell, '-c', text, script, ...exports, '--', ...task.argv]
}

/** Why the script can't be sourced, or null. A missing one must not be passed over in silence. */
export function whyNoEnvscript(task: Task): string | null {
  if (task.envscript === null) return null
  const script = resolve(task.cwd, task.envscript)
  const isFile = statSync(script, { throwIfNoEntry: false })?.isFile() ?? false
  return isFile ? null : `ENOENT: the environment script ${script} is missing`
}

function isRunnable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
