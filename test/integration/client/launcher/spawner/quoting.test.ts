// Quoting torture: any words, anywhere in a command, through the shell spawner and sh itself.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { quote } from '../../../../../client/launcher/spawner/node/quote.ts'
import { openSpawner } from './harness.ts'

/** Anything but NUL, with much of what shells find special; whole characters (JSON is Unicode). */
const word = fc
  .oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.string({
      unit: fc.constantFrom(...Array.from(`'"\\$\`!*?[]{}()<>|&;#~ \t\n\r=%-+,^`)),
      maxLength: 30,
    }),
    fc.string({
      unit: fc.constantFrom(...Array.from('\u0080\u0081\u0082\u0083\u0084\u0088ÿ\x7f\x01')),
      maxLength: 9,
    }),
  )
  .map((text) => text.replaceAll('\0', '').toWellFormed())

test('sh gives back every quoted word as it was', () => {
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 20 }), (words) => {
      const script = `printf '%s\\0' ${words.map(quote).join(' ')}`
      const text = execFileSync('/bin/sh', { input: script }).toString('utf8')
      expect(text.split('\0').slice(0, -1)).toEqual(words)
    }),
    { numRuns: 200 },
  )
})

/** Prints what it was given. */
const report =
  'const { argv, cwd, env, stdout } = process; ' +
  'stdout.write(JSON.stringify([argv.slice(1), env.V, env["a.b"], cwd()]))'

test('the shell spawner passes words, variables and file names on as they are', async () => {
  const spawner = openSpawner('shell')
  let count = 0
  await fc.assert(
    fc.asyncProperty(fc.array(word, { maxLength: 8 }), word, word, async (words, value, name) => {
      const cwd = join(spawner.directory, `d${count++}-${name.replaceAll('/', '')}`.slice(0, 60))
      const stdout = join(cwd.toWellFormed(), 'out')
      const more = {
        cwd: cwd.toWellFormed(),
        makeCwd: true,
        stdout,
        env: { 'a.b': value, V: value },
      }
      const exit = await spawner.run([process.execPath, '-e', report, '--', ...words], more)
      expect(exit.error).toBe(null)
      const seen: unknown = JSON.parse(readFileSync(stdout, 'utf8'))
      expect(seen).toEqual([words, value, value, cwd.toWellFormed()])
    }),
    { numRuns: 40 },
  )
})
