// Starting, refusing and retrying tasks, with a clock that stands still.
import { expect, test } from 'vitest'
import type { Running } from '../../../../../client/launcher/spawner/running.ts'
import { makeWork } from '../../../../../client/launcher/spawner/work.ts'
import { limits } from '../../../../../protocol/limits.ts'
import { fakeClock, fakeTask } from './fakes.ts'

function subject() {
  const clock = fakeClock()
  const tried: number[] = []
  const refused: [number, string][] = []
  const answers = new Map<number, string>()
  const ones = new Map<number, Running>()
  const work = makeWork(
    {
      start(one) {
        tried.push(one.task.token)
        ones.set(one.task.token, one)
        return answers.get(one.task.token) ?? null
      },
      onRefused: ({ token }, error) => void refused.push([token, error]),
    },
    clock,
  )
  const end = (token: number): boolean => {
    const one = ones.get(token)
    return one !== undefined && work.ended(one)
  }
  return { clock, tried, refused, answers, work, end }
}

test('a lane starts its next task when the one before has ended', () => {
  const { work, tried, end } = subject()
  work.add([fakeTask(1), fakeTask(2), fakeTask(3, 1)])
  expect(tried).toEqual([1, 3])
  end(1)
  expect(tried).toEqual([1, 3, 2])
})

test('a refused task makes room for the next at once', () => {
  const { work, tried, refused, answers } = subject()
  answers.set(1, 'ENOENT: x').set(2, 'EACCES: y')
  work.add([fakeTask(1), fakeTask(2), fakeTask(3)])
  expect(tried).toEqual([1, 2, 3])
  expect(refused).toEqual([
    [1, 'ENOENT: x'],
    [2, 'EACCES: y'],
  ])
})

test('a full process table is tried again, and the lane keeps its order', () => {
  const { work, tried, refused, answers, clock } = subject()
  answers.set(1, 'EAGAIN: x')
  work.add([fakeTask(1), fakeTask(2)])
  expect(work.dueAtMs()).toBe(clock.monotonicMs() + limits.spawnRetryMs)
  work.retry()
  expect(tried).toEqual([1])
  clock.advance(limits.spawnRetryMs)
  answers.delete(1)
  work.retry()
  expect(tried).toEqual([1, 1])
  expect(work.running(1)?.task.token).toBe(1)
  expect(refused).toEqual([])
})

test('a process table that stays full is an error in the end', () => {
  const { work, refused, answers, clock, tried } = subject()
  answers.set(1, 'EAGAIN: x')
  work.add([fakeTask(1), fakeTask(2)])
  for (let ms = 0; ms <= limits.spawnRetryMsMax; ms += limits.spawnRetryMs) {
    clock.advance(limits.spawnRetryMs)
    work.retry()
  }
  expect(refused).toEqual([[1, 'EAGAIN: x']])
  expect(tried.at(-1)).toBe(2)
})

test('a task that waits to be tried again can be withdrawn', () => {
  const { work, tried, answers } = subject()
  answers.set(1, 'ENOMEM: x')
  work.add([fakeTask(1), fakeTask(2)])
  expect(work.withdraw(new Set([1]))).toEqual([1])
  expect(tried).toEqual([1, 2])
  expect(work.dueAtMs()).toBe(Number.POSITIVE_INFINITY)
  expect(work.tokens()).toEqual([2])
})

test('withdrawing all leaves only what runs', () => {
  const { work, answers, end } = subject()
  answers.set(9, 'EAGAIN: x')
  work.add([fakeTask(1), fakeTask(2), fakeTask(3), fakeTask(9, 1), fakeTask(10, 1)])
  expect(work.withdraw('all').sort((a, b) => a - b)).toEqual([2, 3, 9, 10])
  expect(work.tokens()).toEqual([1])
  end(1)
  expect(work.isEmpty()).toBe(true)
})

test('a lane says that it will soon want more', () => {
  const { work, end } = subject()
  work.add([1, 2, 3, 4, 5].map((token) => fakeTask(token)))
  expect(end(1)).toBe(false)
  expect(end(2)).toBe(true)
})
