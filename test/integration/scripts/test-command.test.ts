// `npm test` tells the truth in its last line and in its exit code.
// Must never run the project's own tests: each case is a folder with a few tests of its own.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { root } from '../../style/source.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'balsam-test-'))
  for (const path of ['package.json', 'package-lock.json', 'vitest.config.ts', 'scripts']) {
    cpSync(join(root, path), join(folder, path), { recursive: true })
  }
  // Nothing may be installed here: node_modules is the real one.
  writeFileSync(join(folder, 'scripts/setup.mjs'), 'export async function setup() {}\n')
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  mkdirSync(join(folder, 'test/unit'), { recursive: true })
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Runs the test command on one test file; returns its exit code, its last line and all of it. */
function runOn(text: string): { code: number | null; last: string; said: string } {
  const head = "import { expect, test } from 'vitest'\n"
  writeFileSync(join(folder, 'test/unit/case.test.ts'), `${head}${text}`)
  // vitest would take the settings of the run we are in from its environment.
  const kept = Object.entries(process.env).filter(([name]) => !/^(VITEST|TEST|NODE_ENV)/.test(name))
  const env = { ...Object.fromEntries(kept), NO_COLOR: '1' }
  const options = { cwd: folder, encoding: 'utf8', env } as const
  const result = spawnSync(process.execPath, ['scripts/test.mjs'], options)
  const said = result.stdout
  return { code: result.status, last: said.trimEnd().split('\n').at(-1) ?? '', said }
}

const passing = "test('one is one', () => expect(1).toBe(1))\n"

test('tests that pass are counted and the exit code is 0', () => {
  const { code, last } = runOn(passing)
  expect(last).toBe('1 passed, 0 failed')
  expect(code).toBe(0)
})

test('a test that fails is counted and the exit code is 1', () => {
  const { code, last } = runOn(`${passing}test('one is two', () => expect(1).toBe(2))`)
  expect(last).toBe('1 passed, 1 failed')
  expect(code).toBe(1)
})

test('a skipped test is listed with its reason and is no failure', () => {
  const skipping = "test('it needs a thing', (context) => context.skip('there is no gcc'))"
  const { code, last, said } = runOn(passing + skipping)
  expect(said).toContain('skipped: there is no gcc (1)')
  expect(last).toBe('1 passed, 0 failed, 1 skipped')
  expect(code).toBe(0)
})

test('a test skipped without a reason counts as failed', () => {
  const { code, last, said } = runOn(`${passing}test.skip('it needs a thing', () => {})`)
  expect(said).toContain('skipped without a reason: test/unit/case.test.ts: it needs a thing')
  expect(last).toBe('1 passed, 1 failed')
  expect(code).toBe(1)
})

test('a test without an assertion counts as failed', () => {
  expect(runOn("test('nothing is said', () => {})").last).toBe('0 passed, 1 failed')
})

test('a file that cannot be loaded counts as failed', () => {
  const { code, last } = runOn(`${passing}throw new Error('at load')`)
  expect(last).toBe('0 passed, 1 failed')
  expect(code).toBe(1)
})

test('an error outside any test counts as failed', () => {
  const late = "test('it ends early', async () => { expect(1).toBe(1)\n"
  const { code, last } = runOn(`${late} Promise.reject(new Error('late')) })`)
  expect(last).toBe('1 passed, 1 failed')
  expect(code).toBe(1)
})

test('a worker that dies counts as failed', () => {
  const dying = "test('it kills its worker', () => { process.kill(process.pid, 'SIGKILL') })"
  const { code, last } = runOn(dying)
  expect(last).toMatch(/^0 passed, [1-9]\d* failed$/)
  expect(code).toBe(1)
})
