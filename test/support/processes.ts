// Processes of this machine as tests see them, from /proc: whose they are, and when they are gone.
// Must never signal a process that was not found by a site's own marker or directory.
import { readdirSync, readFileSync } from 'node:fs'

/** A living process. */
export interface SeenProcess {
  readonly pid: number
  readonly command: readonly string[]
  readonly variables: Readonly<Record<string, string>>
}

/** Every living process (zombies are none) for which this holds. */
export function processesWhere(holds: (seen: SeenProcess) => boolean): SeenProcess[] {
  return readdirSync('/proc').flatMap((entry) => {
    const pid = Number(entry)
    if (!Number.isInteger(pid) || pid === process.pid || !isLiving(pid)) return []
    const seen = {
      pid,
      command: read(`/proc/${pid}/cmdline`).split('\0').slice(0, -1),
      variables: variablesIn(read(`/proc/${pid}/environ`)),
    }
    return holds(seen) ? [seen] : []
  })
}

/**
 * Every living process of a site: by a marker of its id, or by its directory on the command line.
 * A shell that a test itself runs in the site's environment is none of them.
 */
export function processesOf(site: { readonly id: string; readonly path: string }): SeenProcess[] {
  return processesWhere(({ command, variables }) => {
    const markers = [variables['BALSAM_ALLOCATION_MARKER'], variables['BALSAM_TASK_MARKER']]
    if (markers.some((marker) => marker?.startsWith(`${site.id}:`))) return true
    return command.some((word) => word === site.path || word.startsWith(`${site.path}/`))
  })
}

/** Which of our programs a process is: the bundle's name, or undefined. */
export function programOf(seen: SeenProcess): string | undefined {
  const bundle = seen.command.find((word) => /\/dist\/[\w-]+\.js$/.test(word))
  return bundle?.replace(/^.*\//, '').replace(/\.js$/, '')
}

/** Does a process of this pid live? Zombies don't. */
export function isLiving(pid: number): boolean {
  const stat = read(`/proc/${pid}/stat`)
  const state = stat.slice(stat.lastIndexOf(')') + 2)[0]
  return state !== undefined && state !== 'Z' && state !== 'X'
}

/** Kills at once; a process that has just ended is fine. */
export function killNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended between the look and the signal.
  }
}

/** One line for a failure's message. */
export function describe(seen: SeenProcess): string {
  const marker =
    seen.variables['BALSAM_TASK_MARKER'] ?? seen.variables['BALSAM_ALLOCATION_MARKER'] ?? ''
  return `${seen.pid} ${programOf(seen) ?? seen.command.join(' ').slice(0, 200)} ${marker}`.trim()
}

function variablesIn(text: string): Record<string, string> {
  const pairs = text.split('\0').flatMap((variable) => {
    const at = variable.indexOf('=')
    return at < 0 ? [] : [[variable.slice(0, at), variable.slice(at + 1)] as const]
  })
  return Object.fromEntries(pairs)
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
