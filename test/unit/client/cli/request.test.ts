// From what was typed to what is stored: Python, home, relative paths, arrays, names, minutes.
import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { parseArray } from '../../../../client/cli/request/array.ts'
import { storedCommand, storedExecutable } from '../../../../client/cli/request/executable.ts'
import { nameOf } from '../../../../client/cli/request/name.ts'
import { outputPlan } from '../../../../client/cli/request/output-plan.ts'
import { environmentToSend } from '../../../../client/cli/verbs/submit-launch.ts'

const cwd = mkdtempSync(join(tmpdir(), 'balsam-request-'))
const bin = join(cwd, 'venv/bin')
const caller = { env: { PATH: `relative:${bin}`, HOME: '/people/u' }, cwd }

beforeAll(() => {
  mkdirSync(bin, { recursive: true })
  writeFileSync(join(bin, 'python3'), '#!/bin/sh\n')
  chmodSync(join(bin, 'python3'), 0o755)
  writeFileSync(join(cwd, 'run me'), '')
})

test('an executable that needs nothing is stored as typed', () => {
  expect(storedExecutable('echo  hello,', 'executable', caller)).toBe('echo  hello,')
})

test('x.py becomes the caller’s Python and an absolute path, its words as typed', () => {
  const stored = storedExecutable(`tools/x.py --a 'b c'`, 'executable', caller)
  expect(stored).toBe(`${bin}/python3 ${cwd}/tools/x.py --a 'b c'`)
})

test('a tilde in an executable becomes the caller’s home', () => {
  expect(storedExecutable('~/bin/sim -n 1', 'executable', caller)).toBe('/people/u/bin/sim -n 1')
  expect(storedExecutable('~/x.py', 'executable', caller)).toBe(`${bin}/python3 /people/u/x.py`)
})

test('x.py without any Python is refused', () => {
  const without = { ...caller, env: { PATH: '/nonexistent' } }
  expect(() => storedExecutable('x.py', 'executable', without)).toThrow(/needs python3/)
})

test('of a plain command a file that is there becomes absolute, a program name stays', () => {
  expect(storedCommand(['./run me', 'a'], caller)).toEqual([`${cwd}/run me`, 'a'])
  expect(storedCommand(['./absent'], caller)).toEqual(['./absent'])
  expect(storedCommand(['true'], caller)).toEqual(['true'])
  expect(storedCommand(['x.py', '1'], caller)).toEqual([`${bin}/python3`, `${cwd}/x.py`, '1'])
})

test.each([
  ['1-10000', 1, 10_000],
  ['0-9', 0, 9],
  ['7', 7, 7],
  ['1-1_000_000', 1, 1_000_000],
])('the array %s', (text, first, last) => {
  expect(parseArray(text)).toEqual({ first, last })
})

test.each(['10-1', 'a', '', '-5', '1-', '1.5-2'])('%j is no array', (text) => {
  expect(() => parseArray(text)).toThrow(/^--array/)
})

test('array steps are refused by name', () => {
  expect(() => parseArray('1-10:2')).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }))
})

test('an output file is absolute, none is none, nothing said is the working directory', () => {
  expect(outputPlan('o/{i}.txt', '/w')).toEqual({ to: 'file', file: '/w/o/{i}.txt' })
  expect(outputPlan('none', '/w')).toEqual({ to: 'none' })
  expect(outputPlan(undefined, '/w')).toEqual({ to: 'workdir' })
})

test.each([
  ['/usr/bin/true', 'true'],
  ['my prog;x', 'my_prog_x'],
  ['--odd', 'odd'],
  ['..', 'job'],
  ['/', 'job'],
])('the command %s names its job %s', (command, name) => {
  expect(nameOf(command)).toBe(name)
})

test('the sent environment holds nothing of balsam’s own', () => {
  const env = { PATH: '/bin', BALSAM_SITE: '/s', BALSAM_TASK_MARKER: 'x', 'BASH_FUNC_ml%%': '() {' }
  expect(environmentToSend(env)).toEqual({ PATH: '/bin', 'BASH_FUNC_ml%%': '() {' })
})
