// Durations as people and Slurm write them.
import { expect, test } from 'vitest'
import { parseDuration, showDuration } from '../../../protocol/durations.ts'

test.each([
  ['5s', 5],
  ['30m', 1800],
  ['1h30m', 5400],
  ['2d', 172_800],
  ['0.5h', 1800],
  ['05:00', 300],
  ['01:30:00', 5400],
  ['1-02:00:00', 93_600],
  ['1-02', 93_600],
  ['1-02:30', 95_400],
])('%s is %i seconds', (text, seconds) => {
  expect(parseDuration(text, '--timeout', 's')).toBe(seconds)
})

test('a bare number counts in the unit of its flag', () => {
  expect(parseDuration('90', '--idle-exit', 's')).toBe(90)
  expect(parseDuration('90', '-t', 'm')).toBe(5400)
})

test.each(['', 'soon', '5x', '-5', '1:2:3:4', '5s5', '1e3', 'NaN'])('%j is refused', (text) => {
  expect(() => parseDuration(text, '--timeout', 's')).toThrow(/^--timeout: .*no duration/)
})

test('a duration beyond a hundred years is refused', () => {
  expect(() => parseDuration('99999999d', '--timeout', 's')).toThrow(/no duration/)
})

test.each([
  [0, '0.0s'],
  [4.21, '4.2s'],
  [38.4, '38s'],
  [125, '2m05s'],
  [7_500, '2h05m'],
  [273_600, '3d04h'],
])('%d seconds are shown as %s', (seconds, text) => {
  expect(showDuration(seconds)).toBe(text)
})
