// The site's directory on a real file system: identity, copies, who is announced.
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, type TestContext, test } from 'vitest'
import {
  announce,
  claimSiteId,
  formerPlace,
  openSiteDirectory,
  settleHere,
  unannounce,
} from '../../../../daemon/process/site-directory.ts'
import {
  fileText,
  makeSiteFile,
  type ServerFile,
  siteLayout,
} from '../../../../protocol/site-files.ts'
import { seeded } from '../../../simulation/world/virtual-time.ts'

/** A directory with a site of id `original` in it. */
function makeSite(context: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), 'balsam-site-directory-'))
  context.onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  const path = join(root, 'site')
  mkdirSync(path)
  const { dev, ino } = statSync(path)
  const identity = { path, device: dev, inode: ino }
  const file = makeSiteFile('original', identity, '2026-01-01T00:00:00.000Z')
  writeFileSync(join(path, siteLayout.site), fileText(file))
  return path
}

function siteId(path: string): string {
  return claimSiteId(openSiteDirectory(path), seeded(1), 0)
}

function server(pid: number): ServerFile {
  return {
    siteId: 'original',
    host: 'here',
    bootId: 'b',
    pid,
    startTime: 1,
    socket: '/s',
    epoch: 1,
    version: '0',
    startedAt: '',
  }
}

test('a site keeps its id in its own directory', (context) => {
  const path = makeSite(context)
  expect(siteId(path)).toBe('original')
  expect(siteId(path)).toBe('original')
})

test('a site that was moved keeps its id, and its new place is written down', (context) => {
  const path = makeSite(context)
  const moved = `${path}-moved`
  renameSync(path, moved)
  expect(siteId(moved)).toBe('original')
  const identity = openSiteDirectory(moved)
  expect(formerPlace(identity)).toBe(path)
  settleHere(identity)
  expect(formerPlace(identity)).toBeNull()
  expect(JSON.parse(readFileSync(join(moved, siteLayout.site), 'utf8'))).toMatchObject({
    siteId: 'original',
    path: moved,
    createdAt: '2026-01-01T00:00:00.000Z',
  })
})

test('a copy gets an id of its own and keeps it, and the original keeps its own', (context) => {
  const path = makeSite(context)
  const copy = `${path}-copy`
  cpSync(path, copy, { recursive: true })
  const id = siteId(copy)
  expect(id).not.toBe('original')
  expect(siteId(copy)).toBe(id)
  expect(siteId(path)).toBe('original')
})

test("a copy does not keep the original's announcement", (context) => {
  const path = makeSite(context)
  announce(path, server(1))
  const copy = `${path}-copy`
  cpSync(path, copy, { recursive: true })
  siteId(copy)
  expect(existsSync(join(copy, siteLayout.server))).toBe(false)
  expect(existsSync(join(path, siteLayout.server))).toBe(true)
})

test('a site is known by its real path, whatever link led to it', (context) => {
  const path = makeSite(context)
  symlinkSync(path, `${path}-link`)
  expect(openSiteDirectory(`${path}-link`).path).toBe(openSiteDirectory(path).path)
})

test('a directory that is no site is refused and left as it is', (context) => {
  const path = makeSite(context)
  rmSync(join(path, siteLayout.site))
  expect(() => openSiteDirectory(path)).toThrow(expect.objectContaining({ code: 'SITE_MISSING' }))
  expect(existsSync(join(path, siteLayout.data))).toBe(false)
})

test('a directory that is not there is refused', () => {
  expect(() => openSiteDirectory('/nowhere/at/all')).toThrow(
    expect.objectContaining({ code: 'SITE_MISSING' }),
  )
})

test('a file where a folder must be is reported as not writable', (context) => {
  const path = makeSite(context)
  writeFileSync(join(path, siteLayout.data), '')
  expect(() => openSiteDirectory(path)).toThrow(
    expect.objectContaining({ code: 'SITE_NOT_WRITABLE' }),
  )
})

test('the folders of a site are for its owner only', (context) => {
  const path = makeSite(context)
  openSiteDirectory(path)
  for (const folder of [siteLayout.data, siteLayout.log, siteLayout.run])
    expect(statSync(join(path, folder)).mode & 0o777).toBe(0o700)
})

test('an announcement is readable by the owner only', (context) => {
  const path = makeSite(context)
  announce(path, server(7))
  const file = join(path, siteLayout.server)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(server(7))
})

test('a daemon takes back its own announcement and nobody else’s', (context) => {
  const path = makeSite(context)
  announce(path, server(7))
  unannounce(path, 8)
  expect(existsSync(join(path, siteLayout.server))).toBe(true)
  unannounce(path, 7)
  expect(existsSync(join(path, siteLayout.server))).toBe(false)
})

test('a broken announcement is left alone', (context) => {
  const path = makeSite(context)
  writeFileSync(join(path, siteLayout.server), '{"pid":')
  unannounce(path, 7)
  expect(existsSync(join(path, siteLayout.server))).toBe(true)
})
