// Following files: only what is new, over rotation and truncation, from the last lines.
import { appendFileSync, mkdtempSync, renameSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { followFile, startOfLastLines } from '../../../../client/cli/files/follow.ts'

const directory = mkdtempSync(join(tmpdir(), 'balsam-follow-'))

function take(file: ReturnType<typeof followFile>): string {
  let text = ''
  file.readMore((more) => {
    text += more
  })
  return text
}

test('each look gives what was added since the last one', () => {
  const path = join(directory, 'a')
  const file = followFile(path, 0)
  expect(take(file)).toBe('')
  writeFileSync(path, 'one\n')
  expect(take(file)).toBe('one\n')
  appendFileSync(path, 'two')
  expect(take(file)).toBe('two')
  expect(take(file)).toBe('')
})

test('a character that is cut in two comes whole', () => {
  const path = join(directory, 'b')
  const bytes = Buffer.from('ä')
  const file = followFile(path, 0)
  writeFileSync(path, bytes.subarray(0, 1))
  expect(take(file)).toBe('')
  appendFileSync(path, bytes.subarray(1))
  expect(take(file)).toBe('ä')
})

test('a file that is replaced or emptied is read from its start', () => {
  const path = join(directory, 'c')
  writeFileSync(path, 'old line\n')
  const file = followFile(path, 0)
  take(file)
  renameSync(path, `${path}.1`)
  writeFileSync(path, 'new line, longer\n')
  expect(take(file)).toBe('new line, longer\n')
  truncateSync(path, 0)
  appendFileSync(path, 'x\n')
  expect(take(file)).toBe('x\n')
})

test.each([
  ['a\nb\nc\n', 2, 'b\nc\n'],
  ['a\nb\nc', 2, 'b\nc'],
  ['a\n', 5, 'a\n'],
  ['a\nb\n', 0, ''],
])('the last lines of %j', (text, lines, expected) => {
  const path = join(directory, 'd')
  writeFileSync(path, text)
  expect(take(followFile(path, startOfLastLines(path, lines)))).toBe(expected)
})
