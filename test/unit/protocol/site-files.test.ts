// Identity of a site directory, and the files that say who serves it.
import { expect, test } from 'vitest'
import {
  fileText,
  judgeSite,
  makeSiteFile,
  parseServerFile,
  parseSiteFile,
} from '../../../protocol/site-files.ts'

const here = { path: '/people/u/site', device: 5, inode: 77 }
const file = makeSiteFile('abc', here, '2026-11-22T00:00:00.000Z')

test('a site in its own directory is the same', () => {
  expect(judgeSite(file, here)).toBe('same')
})

test('a directory that was renamed within its file system has moved', () => {
  expect(judgeSite(file, { ...here, path: '/people/u/other' })).toBe('moved')
})

test('another inode means a copy, even at the same path', () => {
  expect(judgeSite(file, { ...here, inode: 78 })).toBe('copied')
  expect(judgeSite(file, { path: '/x', device: 5, inode: 78 })).toBe('copied')
})

test('another device alone is a mount that was renumbered, not a copy', () => {
  expect(judgeSite(file, { ...here, device: 6 })).toBe('same')
})

test('another device and another path are a copy that has the same inode by chance', () => {
  expect(judgeSite(file, { path: '/mnt/site', device: 6, inode: 77 })).toBe('copied')
})

test('site.json comes back as it was written', () => {
  expect(parseSiteFile(fileText(file))).toEqual(file)
})

test.each(['', 'null', '[]', '{', '{"siteId":""}', '{"siteId":"a","version":1}', '{"name":"web"}'])(
  'a file that is no site.json of ours is none: %s',
  (text) => {
    expect(parseSiteFile(text)).toBeUndefined()
  },
)

test('a server.json that is torn or foreign is none', () => {
  expect(parseServerFile('{"host":"a","pid":1')).toBeUndefined()
  expect(parseServerFile('{"port":80}')).toBeUndefined()
})

test('a server.json comes back as it was written', () => {
  const server = {
    siteId: 'abc',
    host: 'n1',
    bootId: 'b',
    pid: 4711,
    startTime: 99,
    socket: '/run/x.sock',
    epoch: 3,
    version: '0.1.0',
    startedAt: '2026-11-22T00:00:00.000Z',
  }
  expect(parseServerFile(fileText(server))).toEqual(server)
})
