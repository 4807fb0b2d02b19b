// The key files of allocations: made once, whole, and gone when they are forgotten.
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { realRandomness } from '../../../../daemon/ports/randomness.ts'
import { type KeyFiles, keyFiles } from '../../../../daemon/ports/secrets.ts'
import { pskBytes } from '../../../../protocol/psk.ts'
import { testDirectory } from './runner-fixture.ts'

function keysIn(directory: string): KeyFiles {
  const fileOf = (id: number): string => join(directory, `${id}.key`)
  return keyFiles(fileOf, realRandomness(), process.getuid?.() ?? 0)
}

test('a key is made once, for its owner alone, and the next daemon reads the same', () => {
  const directory = testDirectory()
  const file = keysIn(directory).make(5)
  const text = readFileSync(file, 'utf8')
  const next = keysIn(directory)
  expect(next.make(5)).toBe(file)
  expect(readFileSync(file, 'utf8')).toBe(text)
  expect(Buffer.from(next.keyOf(5)?.bytes() ?? []).toString('hex')).toBe(text)
  expect(statSync(file).mode & 0o777).toBe(0o600)
})

test('a key that was cut off, or that others could read, is replaced', () => {
  const keys = keysIn(testDirectory())
  const file = keys.make(5)
  writeFileSync(file, 'abcd')
  keys.make(5)
  const second = readFileSync(file, 'utf8')
  expect(second).toHaveLength(2 * pskBytes)
  chmodSync(file, 0o644)
  keys.make(5)
  expect(readFileSync(file, 'utf8')).not.toBe(second)
  expect(Buffer.from(keys.keyOf(5)?.bytes() ?? []).toString('hex')).toBe(readFileSync(file, 'utf8'))
})

test('a key that was forgotten opens nothing, and is no file any more', () => {
  const keys = keysIn(testDirectory())
  const file = keys.make(5)
  expect(keys.keyOf(5)).not.toBeNull()
  keys.forget(5)
  expect([keys.keyOf(5), existsSync(file)]).toEqual([null, false])
})
