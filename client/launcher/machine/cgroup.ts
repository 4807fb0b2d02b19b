// Walks this process' cgroups upward, v1 and v2: a limit anywhere above holds here too.
// Must never fail: a machine without cgroups has no limits of them.
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

const mount = '/sys/fs/cgroup'

/** Directories of this process' cgroups, from its own up to the root, v2 and v1 controllers. */
export function cgroupDirectories(membership: string): string[] {
  return membership
    .split('\n')
    .filter((line) => line !== '')
    .flatMap((line) => {
      const [, controllers = '', ...rest] = line.split(':')
      const root = controllers === '' ? mount : resolve(mount, controllers)
      const directories = ancestors(rest.join(':')).map((path) => resolve(root, `./${path}`))
      // On hybrid systems v2 is mounted beside v1.
      const hybrid = controllers === '' ? ancestors(rest.join(':')) : []
      return directories.concat(hybrid.map((path) => resolve(mount, 'unified', `./${path}`)))
    })
}

/** The limits that `read` finds in these directories. */
export function cgroupValues(read: (directory: string) => number | null): number[] {
  let membership = ''
  try {
    membership = readFileSync('/proc/self/cgroup', 'utf8')
  } catch {
    return []
  }
  return cgroupDirectories(membership).flatMap((directory) => {
    const value = read(directory)
    return value === null ? [] : [value]
  })
}

function ancestors(path: string): string[] {
  const found = [path]
  for (let at = path; at !== '/' && at !== '.' && at !== ''; ) {
    at = dirname(at)
    found.push(at)
  }
  return found
}
