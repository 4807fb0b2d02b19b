// Which site is meant: the environment, a site around the working directory, or the default one.
// Must never make a site; who uses the default one first makes it (site.ts).
import { existsSync, realpathSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fault } from '../../protocol/faults.ts'
import { isSite } from './site.ts'

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>

/** A site and why it was chosen. */
export interface ChosenSite {
  /** Absolute path; of the default site it may not exist yet. */
  readonly path: string
  readonly why: 'argument' | 'BALSAM_SITE' | 'BALSAM_DB_PATH' | 'working directory' | 'default'
}

/** Names the site in the environment; the second is Balsam 0.3's name and a synonym. */
export const siteVariables = ['BALSAM_SITE', 'BALSAM_DB_PATH'] as const

/**
 * The site to use. `given` (a flag or an argument) goes before the environment, that before a
 * `.balsam` site (or a site itself) at or above the working directory, that before the default.
 * Throws SITE_MISSING when what was named is no site.
 */
export function findSite(given: string | undefined, env: Environment, cwd: string): ChosenSite {
  if (given !== undefined && given !== '') return { path: named(given, cwd), why: 'argument' }
  for (const why of siteVariables) {
    const value = env[why]
    if (value !== undefined && value !== '') return { path: named(value, cwd), why }
  }
  const around = upward(cwd)
  if (around !== undefined) return { path: around, why: 'working directory' }
  return { path: defaultSite(env), why: 'default' }
}

/** Directory of Balsam's per-user state. */
export function stateDirectory(env: Environment): string {
  const base = env['XDG_STATE_HOME']
  // The XDG rules say that a relative path is to be ignored.
  const isUsable = base?.startsWith('/') === true
  return join(isUsable ? base : join(homeOf(env), '.local/state'), 'balsam')
}

/** Directory of Balsam's per-user settings. */
export function configDirectory(env: Environment): string {
  const base = env['XDG_CONFIG_HOME']
  const isUsable = base?.startsWith('/') === true
  return join(isUsable ? base : join(homeOf(env), '.config'), 'balsam')
}

/** The site that is used when none is named. */
export function defaultSite(env: Environment): string {
  return join(stateDirectory(env), 'default')
}

/** The user's home directory. */
export function homeOf(env: Environment): string {
  const home = env['HOME']
  return home === undefined || home === '' ? homedir() : home
}

/** Resolves a path that a user typed; `~/` survives quoting in `BALSAM_SITE="~/x"`. */
export function userPath(text: string, cwd: string): string {
  if (text === '~') return homedir()
  return text.startsWith('~/') ? join(homedir(), text.slice(2)) : resolve(cwd, text)
}

function named(text: string, cwd: string): string {
  const path = userPath(text, cwd)
  if (!isSite(path)) throw fault('SITE_MISSING', { path })
  return realpathSync(path)
}

function upward(from: string): string | undefined {
  for (let directory = resolve(from); ; directory = dirname(directory)) {
    for (const candidate of [join(directory, '.balsam'), directory]) {
      if (existsSync(candidate) && isSite(candidate)) return realpathSync(candidate)
    }
    if (dirname(directory) === directory) return undefined
  }
}
