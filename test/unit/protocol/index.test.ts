// The package's export ./protocol: what other programs may lean on.
import { expect, test } from 'vitest'
import * as protocol from '../../../protocol/index.ts'

test('names that were given out stay', () => {
  expect(Object.keys(protocol)).toEqual(
    expect.arrayContaining([
      'Fault',
      'endStates',
      'exitReasons',
      'faultCatalogue',
      'frameKind',
      'frameVersions',
      'idempotencyHeader',
      'jobStates',
      'limits',
      'paths',
      'version',
    ]),
  )
})

test('paths are versioned', () => {
  for (const path of Object.values(protocol.paths)) expect(path).toMatch(/^\/v1\//)
})

test('frames have different numbers', () => {
  const numbers = Object.values(protocol.frameKind)
  expect(new Set(numbers).size).toBe(numbers.length)
})
