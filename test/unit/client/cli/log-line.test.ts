// Log lines for people.
import { expect, test } from 'vitest'
import { logLine } from '../../../../client/cli/show/log-line.ts'

const look = { isTty: false, columns: 80, isColoured: false, isUnicode: true }

test('a line of pino gives time, level, message and facts', () => {
  const line = JSON.stringify({ level: 40, time: 0, pid: 1, msg: 'late', job: 7, why: 'a b' })
  expect(logLine(line, look)).toMatch(
    /^1970-01-01 \d\d:\d\d:\d\d WARN {2}late {2}job=7 {2}why=a b$/,
  )
})

test('a stack comes below its line, and drives no terminal either', () => {
  const line = JSON.stringify({ level: 50, time: 0, msg: 'died', error: 'Error: x\n   at \u001by' })
  expect(logLine(line, look).split('\n').slice(1)).toEqual(['    Error: x', '    at \\x1by'])
})

test('a line that is no JSON stays, without its control characters', () => {
  expect(logLine('Error: \u001b[31mbad', look)).toBe('Error: \\x1b[31mbad')
  expect(logLine('{not json', look)).toBe('{not json')
})
