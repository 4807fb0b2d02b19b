// The tidy test: every file of the project keeps the house rules.
// Must never pass by looking at nothing: it counts what it examined, and shows that rules bite.
import { describe, expect, test } from 'vitest'
import { type Finding, rules } from './rules.ts'
import { findFiles, fixture, readSource } from './source.ts'

function told(findings: readonly Finding[]): string[] {
  return findings.map(({ path, line, what }) => `${path}:${line}: ${what}`)
}

// In two steps, so that this file passes its own check.
const machineFolder = ['ho', 'me'].join('')

/** For each rule: files that break it, and files that don't. */
const fixtures: Readonly<Record<string, { bad: [string, string][]; good: [string, string][] }>> = {
  importDirections: {
    bad: [
      ['protocol/a.ts', "import { b } from '../machines/b.ts'"],
      ['machines/a.ts', "import type { b } from '../daemon/b.ts'"],
      ['daemon/core/a.ts', "import { b } from '../../client/b.ts'"],
      ['client/cli/a.ts', "import { b } from '../../machines/b.ts'"],
      ['client/launcher/a.ts', "const b = await import('../../daemon/b.ts')"],
      ['daemon/a.ts', "export * from '../test/b.ts'"],
    ],
    good: [
      ['machines/a.ts', "import { b } from '../protocol/b.ts'"],
      ['client/launcher/a.ts', "import { b } from '../../machines/b.ts'"],
      ['test/unit/a.ts', "import { b } from '../../daemon/b.ts'"],
      ['daemon/a.ts', "// import { b } from '../client/b.ts'"],
    ],
  },
  pureMachines: {
    bad: [['machines/a.ts', "import { readFileSync } from 'node:fs'"]],
    good: [['machines/a.ts', "import { setup } from 'xstate'"]],
  },
  ports: {
    bad: [
      ['daemon/core/a.ts', 'const now = Date.now()'],
      ['daemon/core/a.ts', 'const now = new Date()'],
      ['client/sdk/a.ts', 'const luck = Math.random()'],
      ['protocol/a.ts', 'setTimeout(call, 1)'],
      ['machines/a.ts', 'globalThis.setInterval(call, 1)'],
      ['daemon/a.ts', 'setImmediate(call)'],
      ['daemon/a.ts', 'performance.now()'],
      ['daemon/a.ts', "import { setTimeout as sleep } from 'node:timers/promises'"],
      ['daemon/a.ts', `const text = \`at $\{Date.now()}\``],
    ],
    good: [
      ['daemon/ports/clock.ts', 'Date.now()'],
      ['daemon/a.ts', 'new Date(ms).toISOString() // not Date.now()'],
      ['daemon/a.ts', "const text = 'Date.now()'"],
      ['daemon/a.ts', 'socket.setTimeout(1_000)'],
    ],
  },
  length: {
    bad: [['daemon/a.ts', '// a\n'.repeat(401)]],
    good: [['daemon/a.ts', '// a\n'.repeat(400)]],
  },
  width: {
    bad: [['daemon/a.ts', `// ${'é'.repeat(98)}`]],
    good: [['daemon/a.ts', `// ${'é'.repeat(97)}`]],
  },
  header: {
    bad: [['daemon/a.ts', 'export const a = 1']],
    good: [
      ['daemon/a.ts', '// What it is.\nexport const a = 1'],
      ['daemon/store/migrations/0001.sql', '-- What it is.\n'],
    ],
  },
  plainSyntax: {
    bad: [
      ['daemon/a.ts', 'export default 1'],
      ['daemon/a.ts', 'export const enum Colour { Red }'],
      ['daemon/a.ts', 'declare namespace a {}'],
      ['daemon/a.ts', 'const a = b as any'],
      ['daemon/a.ts', 'function f(x: any) {}'],
      ['daemon/a.ts', 'const a: Map<string, any> = b'],
    ],
    good: [
      ['vitest.config.ts', 'export default 1'],
      ['daemon/a.ts', 'const a = { any: 1 } // any, enum, export default'],
    ],
  },
  machinePaths: {
    bad: [['README.md', `see /${machineFolder}/someone/x`]],
    good: [['README.md', `see ~/x, $BASE/${machineFolder}/x and https://a.b/${machineFolder}/x`]],
  },
  testTitles: {
    bad: [
      ['test/unit/a.test.ts', "test('works', () => {})"],
      ['test/unit/a.test.ts', "it('should do a thing', () => {})"],
      ['test/unit/a.test.ts', "test.each([1, 2])('case %s', () => {})"],
    ],
    good: [['test/unit/a.test.ts', "test('a job ends once', () => {})\n/x/.test('abc')"]],
  },
  looseTests: {
    bad: [
      ['test/unit/a.test.ts', "test.skip('a job ends once', () => {})"],
      ['test/unit/a.test.ts', "describe.only('a job', () => {})"],
    ],
    good: [['test/unit/a.test.ts', "context.skip(isAbsent, 'there is no gcc')"]],
  },
}

describe.each(Object.entries(rules))('%s', (name, rule) => {
  test('every file of the project keeps the rule', () => {
    const files = findFiles(rule.endings)
    expect(files.length, 'files examined').toBeGreaterThan(0)
    expect(told(files.flatMap((path) => rule.check(readSource(path))))).toEqual([])
  })

  test('the rule bites on each bad fixture', () => {
    const bad = fixtures[name]?.bad ?? []
    expect(bad.length).toBeGreaterThan(0)
    const missed = bad.filter(([path, text]) => rule.check(fixture(path, text)).length === 0)
    expect(missed).toEqual([])
  })

  test('the rule leaves each good fixture alone', () => {
    const good = fixtures[name]?.good ?? []
    expect(good.length).toBeGreaterThan(0)
    expect(told(good.flatMap(([path, text]) => rule.check(fixture(path, text))))).toEqual([])
  })
})

test('the tidy test looks into every folder that holds sources', () => {
  const examined = new Set(findFiles(['.ts', '.mjs']).map((path) => path.split('/')[0]))
  expect([...examined]).toEqual(expect.arrayContaining(['daemon', 'protocol', 'scripts', 'test']))
})

test('every test file lies in a project of vitest, so that it runs', () => {
  const files = findFiles(['.test.ts'])
  const known = /^test\/(unit|property|simulation|contract|integration|style)\//
  expect(files.length).toBeGreaterThan(0)
  expect(files.filter((path) => !known.test(path))).toEqual([])
})
