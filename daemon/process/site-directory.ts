// The site's directory as the daemon finds it: identity, folders, server.json.
// Must never leave a copy with the original's identity, nor with its server.json.
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
  type SiteFile,
  siteLayout,
} from '../../protocol/site-files.ts'

/** Looks whether there is a site, and makes its folders. SITE_MISSING, SITE_NOT_WRITABLE. */
export function openSiteDirectory(path: string): DirectoryIdentity {
  const identity = identify(path)
  siteFileOf(identity)
  makeFolders(identity.path)
  return identity
}

/**
 * The site's id; a copy gets one of its own. Only for who holds the site: of two starters in a new
 * copy one would otherwise serve under an id that the other has replaced.
 */
export function claimSiteId(
  identity: DirectoryIdentity,
  random: Randomness,
  nowMs: number,
): string {
  const site = siteFileOf(identity)
  if (judgeSite(site, identity) !== 'copied') return site.siteId
  // Before the new identity: from then on it would be believed, and lead to the original's daemon.
  rmSync(join(identity.path, siteLayout.server), { force: true })
  const siteId = random.hex(8)
  writeSite(identity, siteId, new Date(nowMs).toISOString())
  return siteId
}

/** Where the site was before it was moved here; null when it was not. */
export function formerPlace(identity: DirectoryIdentity): string | null {
  const site = siteFileOf(identity)
  return judgeSite(site, identity) === 'moved' ? site.path : null
}

/** Writes down where the site is now; until then each start sees that it was moved. */
export function settleHere(identity: DirectoryIdentity): void {
  const { siteId, createdAt } = siteFileOf(identity)
  writeSite(identity, siteId, createdAt)
}

function writeSite(identity: DirectoryIdentity, siteId: string, createdAt: string): void {
  const text = fileText(makeSiteFile(siteId, identity, createdAt))
  writeWhole(join(identity.path, siteLayout.site), text)
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

function siteFileOf({ path }: DirectoryIdentity): SiteFile {
  const text = readOrUndefined(join(path, siteLayout.site))
  const site = text === undefined ? undefined : parseSiteFile(text)
  if (site === undefined) throw fault('SITE_MISSING', { path })
  return site
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
