// Journals of spawners: every exit once, nothing invented.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { readExits } from '../../../../daemon/schedulers/exits.ts'

const header = { spawner: 5, startTime: 7, bootId: 'b', marker: 's:1' }
const exit = (token: number, changes: object = {}): object => ({
  e: {
    token,
    pid: 9,
    code: 0,
    signal: null,
    error: null,
    startedAtMs: 1_000,
    endedAtMs: 1_250.4,
    userMs: 3,
    systemMs: 4,
    maxRssKiB: 900,
    isRssBelow: false,
    orphans: 0,
    ...changes,
  },
})

function runDirectory(journals: Readonly<Record<string, readonly (object | string)[]>>): string {
  const directory = mkdtempSync(join(tmpdir(), 'be-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  for (const [path, lines] of Object.entries(journals)) {
    mkdirSync(join(directory, path, '..'), { recursive: true })
    const text = lines.map((line) =>
      typeof line === 'string' ? line : `${JSON.stringify(line)}\n`,
    )
    writeFileSync(join(directory, path), text.join(''))
  }
  return directory
}

test('exits of all nodes and spawners come in the form of an exited frame', async () => {
  const directory = runDirectory({
    'node-0/spawner-0.journal': [header, { s: 1, pid: 9, startTime: 8, at: 1_000 }, exit(1)],
    'node-0/spawner-1.journal': [header, exit(2, { code: null, signal: 9, isRssBelow: true })],
    'node-1/spawner-0.journal': [
      header,
      exit(3, { code: null, error: 'ENOENT: x', startedAtMs: 0, endedAtMs: 5, orphans: 2 }),
    ],
  })
  expect(await readExits(directory)).toEqual({
    flat: [
      [1, 0, 0, 1_000, 250, 3, 4, 900, 0],
      [2, -1, 9, 1_000, 250, 3, 4, -900, 0],
      [3, -1, 0, 0, 0, 3, 4, 900, 2],
    ].flat(),
    reasons: [[3, 'ENOENT: x']],
  })
})

test('a token that stands in two journals counts once', async () => {
  const directory = runDirectory({
    'node-0/spawner-0.journal': [header, exit(1), exit(1, { code: 5 })],
    'node-0/spawner-1.journal': [header, exit(1, { code: 6 })],
  })
  const { flat } = await readExits(directory)
  expect(flat.slice(0, 2)).toEqual([1, 0])
  expect(flat).toHaveLength(9)
})

test.each([
  ['a line cut off by a crash', '{"e":{"token":2,"pid":9,"co'],
  ['a start without an exit', { s: 2, pid: 9, startTime: 1, at: 5 }],
  ['a withdrawal', { w: [2] }],
  ['an exit without its token', exit(2, { token: null })],
  ['an exit with a word for a code', exit(2, { code: 'x' })],
  ['an exit with a time that is none', exit(2, { endedAtMs: null })],
  ['no JSON', '{"e":nonsense}\n'],
  ['a number', '7\n'],
])('%s is no exit', async (_name, line) => {
  const directory = runDirectory({ 'node-0/spawner-0.journal': [header, exit(1), line] })
  expect((await readExits(directory)).flat).toHaveLength(9)
})

test('what is no journal is not read, and a missing directory holds no exits', async () => {
  const directory = runDirectory({
    'node-0/spawner-0.journal.control': [exit(1)],
    'node-x/spawner-0.journal': [exit(2)],
    'spawner-0.journal': [exit(3)],
  })
  expect(await readExits(directory)).toEqual({ flat: [], reasons: [] })
  expect(await readExits(join(directory, 'absent'))).toEqual({ flat: [], reasons: [] })
})
