// What the caller's shell knows and a task will not: home, Python, working directory.
// Rewrites a command once, when it is given; what is stored then means the same everywhere.
import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fault } from '../../../protocol/faults.ts'
import {
  afterFirstWord,
  expandHome,
  quoteWords,
  splitWords,
} from '../../../protocol/shell-words.ts'
import type { Environment } from '../../sdk/find-site.ts'
import { homeOf } from '../../sdk/find-site.ts'

/** Where the caller stands. */
export interface Caller {
  readonly env: Environment
  readonly cwd: string
}

/**
 * An app's executable as it is stored: `~` expanded, and `X.py …` turned into the caller's Python
 * and the absolute path of X.py, as Balsam 0.3 does; `./x`, when it is there, gets its absolute
 * path. Throws BAD_QUOTING; BAD_FIELD without Python.
 */
export function storedExecutable(text: string, field: string, caller: Caller): string {
  const line = expandHome(text, field, homeOf(caller.env))
  const first = splitWords(line, field)[0]
  if (first === undefined) return line
  const path = resolve(caller.cwd, first)
  const isScript = first.endsWith('.py')
  // A file named relatively would be looked for in each job's directory.
  if (!isScript && !(first.includes('/') && !first.startsWith('/') && existsSync(path))) return line
  const start = quoteWords(isScript ? [pythonOf(caller, field), path] : [path])
  return `${start} ${afterFirstWord(line, field)}`.trimEnd()
}

/**
 * The words of a plain command as they are stored. A file named relatively to the working
 * directory (`./run`, `bin/x`) is made absolute, because the task runs in a directory of its own.
 */
export function storedCommand(words: readonly string[], caller: Caller): readonly string[] {
  const [first = '', ...rest] = words
  if (first.endsWith('.py')) {
    return [pythonOf(caller, 'the command'), resolve(caller.cwd, first), ...rest]
  }
  const path = resolve(caller.cwd, first)
  return first.includes('/') && existsSync(path) ? [path, ...rest] : words
}

/** The Python that the caller's PATH finds; a virtual environment's own, not what it links to. */
function pythonOf(caller: Caller, field: string): string {
  const folders = (caller.env['PATH'] ?? '').split(':').filter((folder) => folder.startsWith('/'))
  for (const name of ['python3', 'python']) {
    const found = folders.map((folder) => join(folder, name)).find(isProgram)
    if (found !== undefined) return found
  }
  throw fault('BAD_FIELD', { field, what: 'a .py file needs python3, and PATH has none' })
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}
