// Progress: counts, rate, time to go, and a bar that never overflows its line.
import { expect, test } from 'vitest'
import type { Look } from '../../../../client/cli/show/look.ts'
import {
  progressBar,
  progressText,
  rateMeter,
  standingOf,
} from '../../../../client/cli/show/progress.ts'
import { widthOf } from '../../../../client/cli/show/width.ts'

const look: Look = { isTty: true, columns: 80, isColoured: false, isUnicode: false }

test('a killed job counts as failed: it did not do what was waited for', () => {
  const states = { JOB_FINISHED: 3, FAILED: 1, USER_KILLED: 2, RUNNING: 1, PREPROCESSED: 5 }
  expect(standingOf({ total: 12, states })).toEqual({
    total: 12,
    done: 3,
    failed: 3,
    running: 1,
    waiting: 5,
  })
})

test('the text says what there is, and no rate where none is known', () => {
  const standing = { total: 100, done: 38, failed: 0, running: 4, waiting: 58 }
  expect(progressText(standing, undefined)).toBe('38/100 done, 4 running')
  expect(progressText(standing, 6.2)).toBe('38/100 done, 4 running, 6.2/s, 10s to go')
})

test('the bar shows done, failed and running as different marks, also without colour', () => {
  const standing = { total: 8, done: 4, failed: 1, running: 1, waiting: 2 }
  expect(progressBar(standing, undefined, look)).toMatch(/^\[#{20}x{5}>{5}\.{10}\] 4\/8 done/)
})

test('no bar is wider than its terminal leaves', () => {
  const standing = { total: 1_000_000, done: 999_999, failed: 1, running: 0, waiting: 0 }
  for (const columns of [10, 20, 40, 80, 300]) {
    const line = progressBar(standing, 12_345, { ...look, columns })
    expect(widthOf(line)).toBeLessThan(columns)
  }
})

test('a bar is full only when all have ended', () => {
  const standing = { total: 1_000_000, done: 999_999, failed: 0, running: 0, waiting: 1 }
  expect(progressBar(standing, undefined, look)).toContain('.]')
})

test('the rate is that of the last minute', () => {
  const meter = rateMeter()
  expect(meter.take(0, 0)).toBeUndefined()
  expect(meter.take(100, 10_000)).toBe(10)
  for (let second = 11; second <= 80; second += 1) meter.take(100, second * 1000)
  expect(meter.take(100, 81_000)).toBe(0)
})
