// launcher.log: several processes write it, and it is turned over by size.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { fileLog } from '../../../../client/launcher/ports/log.ts'

function logFile(): { readonly directory: string; readonly file: string } {
  const directory = mkdtempSync(join(tmpdir(), 'balsam-log-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  return { directory, file: join(directory, 'launcher.log') }
}

const numbersIn = (file: string): number[] =>
  [...readFileSync(file, 'utf8').matchAll(/"i":(\d+)/g)].map((found) => Number(found[1]))

test('two writers of a full file turn it over together, and lose no line', () => {
  const { directory, file } = logFile()
  const bounds = { level: 'info', fileBytesMax: 2_000, filesKept: 100 } as const
  const logs = [fileLog(file, { who: 'a' }), fileLog(file, { who: 'b' })]
  for (const log of logs) log.bound(bounds)
  for (let i = 0; i < 100; i += 1) logs[i % 2]?.info('a line that fills the file', { i })
  const names = readdirSync(directory)
  expect(names.length).toBeGreaterThan(3)
  const numbers = names.flatMap((name) => numbersIn(join(directory, name)))
  expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i))
  for (const name of names)
    expect(readFileSync(join(directory, name)).length).toBeLessThanOrEqual(2_000)
})

test('only so many old files are kept', () => {
  const { directory, file } = logFile()
  const log = fileLog(file, {})
  log.bound({ level: 'info', fileBytesMax: 500, filesKept: 1 })
  for (let i = 0; i < 50; i += 1) log.info('a line', { i })
  expect(readdirSync(directory).sort()).toEqual(['launcher.log', 'launcher.log.1'])
  expect(numbersIn(file).at(-1)).toBe(49)
})

test('what is below the level is not written', () => {
  const { file } = logFile()
  const log = fileLog(file, {})
  log.bound({ level: 'warn', fileBytesMax: 5_000, filesKept: 1 })
  log.info('quiet', { i: 1 })
  log.warn('loud', { i: 2 })
  expect(numbersIn(file)).toEqual([2])
})
