// The user's index of sites, sites.json in the state directory: for `which` and `balsamactivate`.
// Only a convenience: losing it loses no site, so a damaged one is begun anew.
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fault } from '../../protocol/faults.ts'
import { fileText } from '../../protocol/site-files.ts'
import { realClock } from '../cli/ports/clock.ts'
import type { Environment } from './find-site.ts'
import { stateDirectory, userPath } from './find-site.ts'
import { isSite } from './site.ts'

const lockStaleMs = 5_000
const lockTries = 200

/** Paths of the known sites that still exist, sorted. Vanished ones are forgotten. */
export async function knownSites(env: Environment): Promise<readonly string[]> {
  const known = read(env)
  const alive = known.filter(isSite)
  if (alive.length < known.length) await change(env, (paths) => paths.filter(isSite))
  return alive.sort((a, b) => a.localeCompare(b, 'en'))
}

/** Adds a site to the index. */
export async function rememberSite(path: string, env: Environment): Promise<void> {
  if (!read(env).includes(path)) await change(env, (paths) => [...new Set([...paths, path])])
}

/**
 * The one site that a text means: a path of a site, else the only known site whose name is the
 * text, else the only one whose path holds it. SITE_AMBIGUOUS or SITE_MISSING otherwise.
 */
export async function siteByText(text: string, env: Environment, cwd: string): Promise<string> {
  const path = userPath(text, cwd)
  if (isSite(path)) return path
  const known = await knownSites(env)
  const byName = known.filter((site) => basename(site) === text)
  const found = byName.length > 0 ? byName : known.filter((site) => site.includes(text))
  const [only] = found
  if (only === undefined) throw fault('SITE_MISSING', { path: text })
  if (found.length > 1) throw fault('SITE_AMBIGUOUS', { text, sites: found.join(', ') })
  return only
}

function indexFile(env: Environment): string {
  return join(stateDirectory(env), 'sites.json')
}

function read(env: Environment): string[] {
  try {
    // A border: what doesn't look like our file is taken for an empty one.
    const value = JSON.parse(readFileSync(indexFile(env), 'utf8')) as { sites?: unknown }
    return Array.isArray(value.sites) ? value.sites.filter((each) => typeof each === 'string') : []
  } catch {
    return []
  }
}

/** Reads, changes and replaces the file, one process at a time. */
async function change(env: Environment, apply: (paths: string[]) => string[]): Promise<void> {
  const file = indexFile(env)
  try {
    mkdirSync(stateDirectory(env), { recursive: true, mode: 0o700 })
    await lock(`${file}.lock`)
  } catch {
    // An index that can't be written must not keep anybody from working with a site.
    return
  }
  try {
    const aside = `${file}.${process.pid}`
    writeFileSync(aside, fileText({ schema: 'balsam.sites/1', sites: apply(read(env)) }))
    renameSync(aside, file)
  } finally {
    rmSync(`${file}.lock`, { force: true })
  }
}

async function lock(file: string): Promise<void> {
  for (let tries = 0; tries < lockTries; tries += 1) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' })
      return
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    }
    if (realClock.wallMs() - (changedMs(file) ?? realClock.wallMs()) > lockStaleMs) {
      rmSync(file, { force: true })
    }
    await realClock.sleep(10)
  }
}

function changedMs(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs
}
