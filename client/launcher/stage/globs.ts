// Finds the files of a directory that a glob means: `*`, `?`, `[…]` in each part of its path.
// Must never look outside of the directory, nor find hidden files that were not asked for.
import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** True when a pattern means just the file of that name. */
export function isPlainName(glob: string): boolean {
  return !/[*?[]/.test(glob)
}

/** Paths below the directory, relative to it, in order; [] for a directory that is not there. */
export async function filesOf(directory: string, glob: string): Promise<string[]> {
  let found: string[] = ['']
  for (const part of glob.split('/').filter((each) => each !== '' && each !== '.')) {
    if (part === '..') return []
    const next: string[] = []
    for (const parent of found) {
      for (const name of await namesOf(join(directory, parent), part)) next.push(join(parent, name))
    }
    found = next
  }
  return found.filter((path) => path !== '')
}

async function namesOf(directory: string, part: string): Promise<string[]> {
  if (isPlainName(part)) return (await exists(join(directory, part))) ? [part] : []
  const pattern = patternOf(part)
  const names = await readdir(directory).catch((error: unknown) => {
    if (isMissing(error)) return []
    throw error
  })
  return names.filter((name) => pattern.test(name) && isMeant(name, part)).sort()
}

/** As in a shell, a wildcard does not stand for a leading dot. */
function isMeant(name: string, part: string): boolean {
  return !name.startsWith('.') || part.startsWith('.')
}

function patternOf(part: string): RegExp {
  const text = part.replaceAll(/\[(!?)([^\]]+)\]|[*?]|[^*?[]+|\[/g, (found, not, set) => {
    if (found === '*') return '.*'
    if (found === '?') return '.'
    if (typeof set !== 'string') return found.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')
    return `[${not === '!' ? '^' : ''}${set.replaceAll(/[\\\]^[]/g, '\\$&')}]`
  })
  return new RegExp(`^${text}$`, 'su')
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}

/** There is nothing of that name. */
export function isMissing(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : ''
  return code === 'ENOENT' || code === 'ENOTDIR'
}
