// The order of tasks in lanes.
import { expect, test } from 'vitest'
import { makeLanes } from '../../../../../client/launcher/spawner/lanes.ts'
import { fakeTask } from './fakes.ts'

test('a lane gives its tasks in the order they came, however many there were', () => {
  const lanes = makeLanes()
  for (let token = 0; token < 1_000; token++) lanes.push(fakeTask(token, token % 2))
  const lane = lanes.of(1)
  const given: (number | undefined)[] = []
  while (lanes.queuedIn(lane) > 0) given.push(lanes.next(lane)?.token)
  expect(given).toEqual(Array.from({ length: 500 }, (_unused, n) => 2 * n + 1))
  expect(lanes.queued()).toBe(500)
})

test('withdrawn tasks are never given, the others keep their order', () => {
  const lanes = makeLanes()
  for (const token of [1, 2, 3, 4, 5]) lanes.push(fakeTask(token))
  const lane = lanes.of(0)
  lanes.next(lane)
  expect(lanes.withdraw(new Set([1, 2, 4, 9]))).toEqual([2, 4])
  expect([lanes.next(lane)?.token, lanes.next(lane)?.token]).toEqual([3, 5])
  expect(lanes.next(lane)).toBeUndefined()
  expect(lanes.queued()).toBe(0)
})

test('all queued tasks can be withdrawn', () => {
  const lanes = makeLanes()
  for (const token of [1, 2, 3]) lanes.push(fakeTask(token, token))
  expect(lanes.queuedTokens()).toEqual([1, 2, 3])
  expect(lanes.withdrawAll()).toEqual([1, 2, 3])
  expect(lanes.queuedTokens()).toEqual([])
})
