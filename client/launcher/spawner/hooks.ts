// What is different with hooks: a header in the log, a command of the working directory, a bound of
// time, and the end of the log told with a failure.
// Must never follow a link out of the working directory to write, nor read more than an end.
import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { limits } from '../../../protocol/limits.ts'
import type { Clock } from '../../../protocol/ports.ts'
import type { Ending } from './backend.ts'
import type { HookPlan, Task } from './messages.ts'
import type { Running } from './running.ts'

/** Hooks that run, by when they must have ended. */
export interface Hooks {
  /** Writes the header; returns why it can't be started, or null. */
  prepare(task: Task): string | null
  started(one: Running): void
  ended(one: Running): void
  /** Hooks whose time is over; each is given once. */
  overdue(): Running[]
  /** Monotonic ms of the next one; Infinity for none. */
  dueAtMs(): number
}

/** No hooks yet. */
export function makeHooks(clock: Clock): Hooks {
  const deadlines = new Map<Running, number>()
  return {
    prepare: (task) => (task.hook === undefined ? null : prepare(task, task.hook)),
    started(one) {
      const { hook } = one.task
      if (hook !== undefined) deadlines.set(one, clock.monotonicMs() + hook.timeoutMs)
    },
    ended: (one) => void deadlines.delete(one),
    overdue() {
      if (deadlines.size === 0) return []
      const nowMs = clock.monotonicMs()
      const found = [...deadlines].filter(([, atMs]) => atMs <= nowMs).map(([one]) => one)
      for (const one of found) deadlines.delete(one)
      return found
    },
    dueAtMs: () => Math.min(Number.POSITIVE_INFINITY, ...deadlines.values()),
  }
}

/** The command of a hook: one of the working directory goes before one on the PATH. */
export function hookArgv({
  argv,
  cwd,
  hook,
}: Pick<Task, 'argv' | 'cwd' | 'hook'>): readonly string[] {
  const [command = '', ...rest] = argv
  if (hook === undefined || command.includes('/')) return argv
  const isHere = statSync(join(cwd, command), { throwIfNoEntry: false })?.isFile() ?? false
  return isHere ? [`./${command}`, ...rest] : argv
}

/**
 * Why a hook failed, with the end of its log; null when it succeeded, or was ended because somebody
 * asked for it.
 */
export function failureOf(one: Running, ending: Ending): string | null {
  const { task, isKilled, isOverdue } = one
  const { hook } = task
  if (hook === undefined || (isKilled && !isOverdue)) return null
  if (ending.code === 0 && !isOverdue) return null
  const how = isOverdue
    ? `not done after ${hook.timeoutMs / 1_000} s`
    : ending.signal === null
      ? `exit code ${ending.code ?? -1}`
      : `signal ${ending.signal}`
  const tail = tailOf(task.stdout ?? '', hook.tailLines)
  return tail === '' ? how : `${how}\n${tail}`
}

function prepare(task: Task, hook: HookPlan): string | null {
  const file = task.stdout ?? ''
  try {
    if (task.makeCwd) mkdirSync(task.cwd, { recursive: true })
    const { O_WRONLY, O_CREAT, O_APPEND, O_NOFOLLOW, O_NONBLOCK } = constants
    const flags = O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK
    const fd = openSync(file, flags, 0o666)
    try {
      if (!fstatSync(fd).isFile()) return `EINVAL: ${file} is no file`
      writeSync(fd, hook.header)
    } finally {
      closeSync(fd)
    }
    return null
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'EIO'
    return code === 'ELOOP' ? `ELOOP: ${file} is a symbolic link` : `${code}: ${file}`
  }
}

/** The last lines of a log. */
function tailOf(file: string, lines: number): string {
  try {
    const fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    try {
      const { size } = fstatSync(fd)
      const length = Math.min(size, limits.tailBytesMax)
      const bytes = Buffer.alloc(length)
      readSync(fd, bytes, 0, length, size - length)
      return bytes.toString('utf8').trimEnd().split('\n').slice(-lines).join('\n')
    } finally {
      closeSync(fd)
    }
  } catch {
    // Without its log the failure is told all the same.
    return ''
  }
}
