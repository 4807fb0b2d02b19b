// When a journal may be rotated or removed.
import { expect, test } from 'vitest'
import * as pool from '../../../../../client/launcher/spawner/pool/acknowledgements.ts'

const { makeAcknowledgements } = pool

test('a journal that is not full is not rotated', () => {
  expect(makeAcknowledgements().takeRotation()).toBe(false)
})

test('a full journal is rotated once', () => {
  const exits = makeAcknowledgements()
  exits.reported(1)
  exits.full()
  expect([exits.takeRotation(), exits.takeRotation()]).toEqual([true, false])
})

test('the older journal stays until all its exits are acknowledged', () => {
  const exits = makeAcknowledgements()
  exits.reported(1)
  exits.reported(2)
  exits.rotated()
  exits.reported(3)
  exits.full()
  expect(exits.takeRotation()).toBe(false)
  exits.acknowledge(1)
  exits.acknowledge(3)
  expect(exits.takeRotation()).toBe(false)
  exits.acknowledge(2)
  expect(exits.takeRotation()).toBe(true)
})

test('all is acknowledged only when both journals are', () => {
  const exits = makeAcknowledgements()
  exits.reported(1)
  exits.rotated()
  exits.reported(2)
  exits.acknowledge(2)
  expect(exits.isEmpty()).toBe(false)
  exits.acknowledge(1)
  expect(exits.isEmpty()).toBe(true)
})
