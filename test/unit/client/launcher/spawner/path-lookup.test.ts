// Commands are found as execvp finds them, and remembered for a moment.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { makePathLookup } from '../../../../../client/launcher/spawner/path-lookup.ts'
import { fakeClock } from './fakes.ts'

function subject() {
  const directory = mkdtempSync(join(tmpdir(), 'balsam-path-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const clock = fakeClock()
  const put = (folder: string, mode = 0o755): string => {
    mkdirSync(join(directory, folder), { recursive: true })
    const file = join(directory, folder, 'tool')
    writeFileSync(file, '', { mode })
    return file
  }
  const path = (...folders: string[]): string =>
    folders.map((folder) => join(directory, folder)).join(':')
  return { directory, clock, lookup: makePathLookup(clock), put, path }
}

test('the first executable file on the path is found', () => {
  const { lookup, put, path } = subject()
  put('plain', 0o644)
  const file = put('b')
  put('c')
  expect(lookup.find('tool', path('none', 'plain', 'b', 'c'), '/')).toEqual({ file })
})

test('a command with a slash is taken as it stands', () => {
  const { lookup } = subject()
  expect(lookup.find('./tool', '/bin', '/')).toEqual({ file: './tool' })
})

test('a change of the path is seen within a second', () => {
  const { lookup, put, path, clock } = subject()
  const second = put('b')
  expect(lookup.find('tool', path('a', 'b'), '/')).toEqual({ file: second })
  const first = put('a')
  clock.advance(1_001)
  expect(lookup.find('tool', path('a', 'b'), '/')).toEqual({ file: first })
})

test('a miss is looked up again each time', () => {
  const { lookup, put, path } = subject()
  expect(lookup.find('tool', path('a'), '/')).toEqual({ code: 'ENOENT' })
  const file = put('a')
  expect(lookup.find('tool', path('a'), '/')).toEqual({ file })
})

test('a relative directory of the path means the working directory of the task', () => {
  const { lookup, put, directory } = subject()
  const one = put('one/bin')
  const two = put('two/bin')
  expect(lookup.find('tool', 'bin', join(directory, 'one'))).toEqual({ file: one })
  expect(lookup.find('tool', 'bin', join(directory, 'two'))).toEqual({ file: two })
})
