// Sites on disk: reads site.json and server.json, and makes a site directory.
// Must never start anything, and never change a directory that is not a site or empty.

import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fault } from '../../protocol/faults.ts'
import type { DirectoryIdentity, ServerFile, SiteFile } from '../../protocol/site-files.ts'
import {
  fileText,
  judgeSite,
  makeSiteFile,
  parseServerFile,
  parseSiteFile,
  siteLayout,
} from '../../protocol/site-files.ts'
import { realClock } from '../cli/ports/clock.ts'
import { randomHex } from './random.ts'

/** The directory's site.json, or undefined when it is no site. */
export function readSite(directory: string): SiteFile | undefined {
  const text = readQuietly(join(directory, siteLayout.site))
  return text === undefined ? undefined : parseSiteFile(text)
}

/** Is there a site in this directory? */
export function isSite(directory: string): boolean {
  return readSite(directory) !== undefined
}

/**
 * Who serves the site, by its server.json; undefined when nobody says so.
 * In a copy of a site the file speaks of the original's daemon, so it is not believed.
 */
export function readServer(directory: string): ServerFile | undefined {
  const site = readSite(directory)
  if (site === undefined) throw fault('SITE_MISSING', { path: directory })
  const text = readQuietly(join(directory, siteLayout.server))
  if (text === undefined) return undefined
  if (judgeSite(site, identityOf(directory)) === 'copied') return undefined
  const server = parseServerFile(text)
  // A copy that has its own identity already may still hold the original's file.
  const isOfAnother = server !== undefined && server.siteId !== '' && server.siteId !== site.siteId
  return isOfAnother ? undefined : server
}

/** Where the directory is now. */
export function identityOf(directory: string): DirectoryIdentity {
  const stat = statSync(directory)
  return { path: realpathSync(directory), device: stat.dev, inode: stat.ino }
}

/**
 * Makes a directory and those above it that are missing. One by one: Node's own recursive mkdir
 * never returns where a parent exists and mkdir says ENOENT all the same, as /proc does.
 */
function makeDirectories(directory: string): void {
  if (existsSync(directory)) return
  const parent = dirname(resolve(directory))
  if (parent !== resolve(directory)) makeDirectories(parent)
  try {
    mkdirSync(directory, { mode: 0o700 })
  } catch (error) {
    // Somebody else has made it meanwhile.
    if (!existsSync(directory)) throw error
  }
}

/**
 * Makes a site in a directory that is new or empty; returns its real path.
 * Throws SITE_EXISTS, SITE_NOT_EMPTY or SITE_NOT_WRITABLE, and has then changed nothing.
 */
export function makeSite(directory: string): string {
  try {
    // 0700: the database holds command lines and environments, which are nobody else's business.
    makeDirectories(directory)
  } catch (error) {
    throw fault('SITE_NOT_WRITABLE', { path: directory, what: reason(error) })
  }
  const path = realpathSync(directory)
  if (isSite(path)) throw fault('SITE_EXISTS', { path })
  let content: string[]
  try {
    content = readdirSync(path)
  } catch (error) {
    throw fault('SITE_NOT_WRITABLE', { path, what: reason(error) })
  }
  // What a second starter at the same moment has left aside is no content of the user's.
  if (content.some((name) => !name.startsWith(siteLayout.site)))
    throw fault('SITE_NOT_EMPTY', { path })
  writeSiteFile(path)
  return path
}

/** Makes the site unless it is one; for the default site, which many may use first at once. */
export function ensureSite(directory: string): string {
  if (isSite(directory)) return realpathSync(directory)
  try {
    return makeSite(directory)
  } catch (error) {
    if (isSite(directory)) return realpathSync(directory)
    throw error
  }
}

/** Written aside and linked, so that of several at once one wins and nobody reads half a file. */
function writeSiteFile(path: string): void {
  const createdAt = new Date(realClock.wallMs()).toISOString()
  const file = makeSiteFile(randomHex(8), identityOf(path), createdAt)
  const aside = join(path, `${siteLayout.site}.${file.siteId}`)
  try {
    writeFileSync(aside, fileText(file), { flag: 'wx', mode: 0o600 })
    linkSync(aside, join(path, siteLayout.site))
  } catch (error) {
    if (isSite(path)) throw fault('SITE_EXISTS', { path })
    throw fault('SITE_NOT_WRITABLE', { path, what: reason(error) })
  } finally {
    rmSync(aside, { force: true })
  }
}

function readQuietly(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

/** What a file system call says, without the path that the fault's message has already. */
export function reason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return message.replace(/, \w+ '.*$/, '')
}
