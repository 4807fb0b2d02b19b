// What no program can be started with, found before anything is tried.
// Must never pass a NUL on: C strings would end there and another command would run.
import type { Task } from './messages.ts'

/** Why this task can't be started ('EINVAL: …'), or null. */
export function whyImpossible(task: Task): string | null {
  // A call's words meet no command line.
  if (task.argv.length === 0 || task.argv[0] === '') return 'EINVAL: there is no command'
  for (const word of task.argv) {
    if (word.includes('\0')) return 'EINVAL: an argument holds a NUL character'
  }
  for (const name in task.env) {
    if (name === '' || name.includes('=') || name.includes('\0')) {
      return 'EINVAL: a variable has an impossible name'
    }
    if (task.env[name]?.includes('\0')) return `EINVAL: variable ${name} holds a NUL character`
  }
  for (const path of [task.cwd, task.stdout, task.stderr, task.envscript]) {
    if (path?.includes('\0')) return 'EINVAL: a path holds a NUL character'
  }
  return null
}

/** Narrows what came off the pipe; a bug of the launcher throws. */
export function isTask(value: unknown): value is Task {
  if (typeof value !== 'object' || value === null) return false
  // A border: the fields are checked one by one here.
  const task = value as Partial<Record<keyof Task, unknown>>
  return (
    Number.isSafeInteger(task.token) &&
    Number.isSafeInteger(task.lane) &&
    Number.isSafeInteger(task.envId) &&
    isTexts(task.argv) &&
    typeof task.cwd === 'string' &&
    typeof task.env === 'object' &&
    task.env !== null &&
    isTexts(Object.values(task.env)) &&
    (task.earlier === undefined || Number.isSafeInteger(task.earlier)) &&
    isTextOrNull(task.stdout) &&
    isTextOrNull(task.stderr) &&
    isTextOrNull(task.envscript) &&
    (task.cpus === null || (Array.isArray(task.cpus) && task.cpus.every(Number.isSafeInteger)))
  )
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((word) => typeof word === 'string')
}

function isTextOrNull(value: unknown): boolean {
  return value === null || typeof value === 'string'
}
