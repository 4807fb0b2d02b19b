// Making sites, and believing server.json only where it speaks of this directory.
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ensureSite, isSite, makeSite, readServer, readSite } from '../../../../client/sdk/site.ts'
import { fileText } from '../../../../protocol/site-files.ts'

const base = realpathSync(mkdtempSync(join(tmpdir(), 'balsam-site-')))
const server = {
  siteId: 'x',
  host: 'h',
  bootId: 'b',
  pid: 1,
  startTime: 1,
  socket: '/s',
  epoch: 1,
  version: '0.1.0',
  startedAt: '',
}

test('a new directory becomes a site that only its owner can read', () => {
  const path = makeSite(join(base, 'deep/new'))
  expect(isSite(path)).toBe(true)
  expect(statSync(path).mode & 0o777).toBe(0o700)
  expect(readdirSync(path)).toEqual(['site.json'])
})

test('a site has an id of its own', () => {
  const ids = ['i1', 'i2'].map((name) => readSite(makeSite(join(base, name)))?.siteId)
  expect(ids[0]).toMatch(/^[0-9a-f]{16}$/)
  expect(ids[0]).not.toBe(ids[1])
})

test('a site is not made a second time', () => {
  const path = makeSite(join(base, 'twice'))
  const before = readSite(path)
  expect(() => makeSite(path)).toThrow(expect.objectContaining({ code: 'SITE_EXISTS' }))
  expect(readSite(path)).toEqual(before)
})

test('a directory with other content is refused and left as it is', () => {
  const path = join(base, 'full')
  mkdirSync(path)
  writeFileSync(join(path, 'thesis.tex'), '')
  expect(() => makeSite(path)).toThrow(expect.objectContaining({ code: 'SITE_NOT_EMPTY' }))
  expect(readdirSync(path)).toEqual(['thesis.tex'])
})

test('a place where nothing can be made is refused', () => {
  const file = join(base, 'file')
  writeFileSync(file, '')
  expect(() => makeSite(join(file, 'x'))).toThrow(
    expect.objectContaining({ code: 'SITE_NOT_WRITABLE' }),
  )
})

test('a directory that the file system never makes is refused, and not tried for ever', () => {
  expect(() => makeSite('/proc/balsam')).toThrow(
    expect.objectContaining({ code: 'SITE_NOT_WRITABLE' }),
  )
})

test('the default site is made once and then found', () => {
  const path = join(base, 'default')
  expect(ensureSite(path)).toBe(path)
  const id = readSite(path)?.siteId
  expect(ensureSite(path)).toBe(path)
  expect(readSite(path)?.siteId).toBe(id)
})

test('a server.json is believed in the directory it was written for, also after a move', () => {
  const path = makeSite(join(base, 'served'))
  const mine = { ...server, siteId: readSite(path)?.siteId ?? '' }
  writeFileSync(join(path, 'server.json'), fileText(mine))
  expect(readServer(path)).toEqual(mine)
  renameSync(path, `${path}-moved`)
  expect(readServer(`${path}-moved`)).toEqual(mine)
})

test('a server.json of another site is not believed', () => {
  const path = makeSite(join(base, 'renamed'))
  writeFileSync(join(path, 'server.json'), fileText(server))
  expect(readServer(path)).toBeUndefined()
})

test('in a copy of a site the original’s server.json is not believed', () => {
  const path = makeSite(join(base, 'original'))
  writeFileSync(join(path, 'server.json'), fileText(server))
  cpSync(path, `${path}-copy`, { recursive: true })
  expect(readServer(`${path}-copy`)).toBeUndefined()
})
