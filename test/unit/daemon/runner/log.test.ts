// The log's file: lines, levels, turning over by size, and no secrets.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { openFileLog } from '../../../../daemon/ports/log.ts'
import { secretOf } from '../../../../daemon/ports/secrets.ts'
import { testDirectory, until } from './runner-fixture.ts'

const kept = { level: 'info', fileBytesMax: 100_000, filesKept: 2 } as const

test('a line tells when, what and the facts, and lower levels are left out', async () => {
  const file = join(testDirectory(), 'log', 'balsamd.log')
  const log = openFileLog({ ...kept, file })
  log.debug('hidden')
  log.warn('something happened', { job: 7 })
  log.setLevel('debug')
  log.debug('shown')
  await until(() => existsSync(file) && readFileSync(file, 'utf8').includes('shown'))
  const lines = readFileSync(file, 'utf8').trim().split('\n')
  expect(lines.map((line): unknown => JSON.parse(line))).toMatchObject([
    { level: 40, msg: 'something happened', job: 7, time: expect.stringMatching(/^\d{4}-.*Z$/) },
    { level: 20, msg: 'shown' },
  ])
  expect(statSync(file).mode & 0o777).toBe(0o600)
})

test('a full file is turned over, and only so many old ones are kept', async () => {
  const directory = testDirectory()
  const file = join(directory, 'balsamd.log')
  const log = openFileLog({ ...kept, file, fileBytesMax: 2_000 })
  await until(() => existsSync(file))
  for (let i = 0; i < 100; i += 1) log.info('a line that fills the file', { i })
  await until(() => existsSync(file) && readFileSync(file, 'utf8').includes('"i":99'))
  expect(readdirSync(directory).sort()).toEqual(['balsamd.log', 'balsamd.log.1', 'balsamd.log.2'])
  const all = ['.2', '.1', ''].map((end) => readFileSync(`${file}${end}`, 'utf8')).join('')
  const numbers = [...all.matchAll(/"i":(\d+)/g)].map((match) => Number(match[1]))
  expect(numbers).toEqual(
    Array.from({ length: numbers.length }, (_, i) => 100 - numbers.length + i),
  )
  for (const end of ['.2', '.1', ''])
    expect(statSync(`${file}${end}`).size).toBeLessThanOrEqual(2_000)
})

test('a secret shows itself nowhere', async () => {
  const file = join(testDirectory(), 'balsamd.log')
  const log = openFileLog({ ...kept, file })
  const secret = secretOf(Buffer.from('open sesame'))
  log.info(String(secret), { secret, text: inspect(secret) })
  await until(() => existsSync(file) && readFileSync(file, 'utf8').includes('***'))
  expect(readFileSync(file, 'utf8')).not.toContain('sesame')
  expect(JSON.stringify({ secret })).not.toContain('sesame')
})
