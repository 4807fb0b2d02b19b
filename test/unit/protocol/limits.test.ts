// The bounds: whole numbers with a unit, a reason each, and in order among themselves.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { limits } from '../../../protocol/limits.ts'

const source = readFileSync(join(import.meta.dirname, '../../../protocol/limits.ts'), 'utf8')
const names = Object.keys(limits)

test('every bound is a whole number above zero', () => {
  const isBound = (value: number): boolean => Number.isSafeInteger(value) && value > 0
  const others = Object.entries(limits).filter(([, value]) => !isBound(value))
  expect(others).toEqual([])
})

test.for(names)('%s has its reason right above it', (name) => {
  expect(source).toMatch(new RegExp(`\\*/\\n  ${name}: `))
})

test('a pause comes before the close', () => {
  expect(limits.sendBufferPauseBytes).toBeLessThan(limits.sendBufferCloseBytes)
})

test('a silence is several missed heartbeats', () => {
  expect(limits.heartbeatSilenceMsMax).toBeGreaterThanOrEqual(3 * limits.heartbeatMs)
})

test('waits double up to their end', () => {
  expect(limits.reconnectMsMin).toBeLessThan(limits.reconnectMsMax)
  expect(limits.restartMsMin).toBeLessThan(limits.restartMsMax)
  expect(limits.spawnerRestartMsMin).toBeLessThan(limits.spawnerRestartMsMax)
})

test('a hello with every token that a launcher may hold fits', () => {
  // msgpack: a token below 2^32 is 5 bytes, a larger one 9.
  expect(limits.heldTasksMax * 9).toBeLessThan(limits.helloBytesMax)
  expect(limits.helloBytesMax).toBeLessThanOrEqual(limits.frameBytesMax)
})

test('a page of a list is not larger than the largest page', () => {
  expect(limits.pageJobsDefault).toBeLessThanOrEqual(limits.pageJobsMax)
})

test('a daemon that stops has time to end its allocations', () => {
  expect(limits.daemonStopMsMax).toBeGreaterThan(2 * limits.killGraceMs)
})

test('every bound binds something: each is read outside of its file', () => {
  const root = join(import.meta.dirname, '../../..')
  const files = ['protocol', 'machines', 'daemon', 'client'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && `${folder}/${name}` !== 'protocol/limits.ts')
      .map((name) => readFileSync(join(root, folder, name), 'utf8')),
  )
  const text = files.join('\n')
  expect(files.length).toBeGreaterThan(100)
  expect(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(text))).toEqual([])
})
