// The site's directory as the daemon finds it: identity, folders, server.json. A copied site gets
// an identity of its own and remembers that it was a copy.
import {
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fault } from '../../protocol/faults.ts'
import type { Randomness } from '../../protocol/ports.ts'
import {
  type DirectoryIdentity,
  fileText,
  judgeSite,
  makeSiteFile,
  parseServerFile,
  parseSiteFile,
  type ServerFile,
  siteLayout,
} from '../../protocol/site-files.ts'

/** A site directory that was opened. */
export interface SiteDirectory {
  /** Real path. */
  readonly path: string
  readonly siteId: string
  /** True when this start found it to be a copy: allocations in it are the original's. */
  readonly isCopy: boolean
}

/** Opens the directory. SITE_MISSING, SITE_NOT_WRITABLE. */
export function openSiteDirectory(path: string, random: Randomness, nowMs: number): SiteDirectory {
  const identity = identify(path)
  const file = readOrUndefined(join(identity.path, siteLayout.site))
  const site = file === undefined ? undefined : parseSiteFile(file)
  if (site === undefined) throw fault('SITE_MISSING', { path })
  makeFolders(identity.path)
  const verdict = judgeSite(site, identity)
  if (verdict === 'same') return { path: identity.path, siteId: site.siteId, isCopy: false }
  const siteId = verdict === 'copied' ? random.hex(8) : site.siteId
  const createdAt = verdict === 'copied' ? new Date(nowMs).toISOString() : site.createdAt
  writeWhole(
    join(identity.path, siteLayout.site),
    fileText(makeSiteFile(siteId, identity, createdAt)),
  )
  return { path: identity.path, siteId, isCopy: verdict === 'copied' }
}

/** Says in server.json who serves the site: written whole, readable by the owner only. */
export function announce(site: string, server: ServerFile): void {
  writeWhole(join(site, siteLayout.server), fileText(server))
}

/** Takes the announcement back, unless another daemon has made its own. */
export function unannounce(site: string, pid: number): void {
  const path = join(site, siteLayout.server)
  const text = readOrUndefined(path)
  if (text !== undefined && parseServerFile(text)?.pid === pid) rmSync(path, { force: true })
}

function identify(path: string): DirectoryIdentity {
  try {
    const real = realpathSync(path)
    const { dev, ino } = statSync(real)
    return { path: real, device: dev, inode: ino }
  } catch {
    throw fault('SITE_MISSING', { path })
  }
}

function makeFolders(site: string): void {
  try {
    for (const folder of [siteLayout.data, siteLayout.log, siteLayout.run]) {
      mkdirSync(join(site, folder), { recursive: true, mode: 0o700 })
    }
  } catch (error) {
    throw fault('SITE_NOT_WRITABLE', {
      path: site,
      what: error instanceof Error ? error.message : String(error),
    })
  }
}

function writeWhole(path: string, text: string): void {
  const aside = `${path}.new`
  try {
    writeFileSync(aside, text, { mode: 0o600 })
    renameSync(aside, path)
  } catch (error) {
    throw fault('SITE_NOT_WRITABLE', {
      path,
      what: error instanceof Error ? error.message : String(error),
    })
  }
}

function readOrUndefined(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
