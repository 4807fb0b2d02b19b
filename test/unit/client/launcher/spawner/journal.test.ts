// What is written to a journal is read from it, also after a crash.
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { exitJson, refusalOf } from '../../../../../client/launcher/spawner/exits.ts'
import { makeJournal } from '../../../../../client/launcher/spawner/journal.ts'
import { makeJournalReader } from '../../../../../client/launcher/spawner/pool/journal-reader.ts'
import { quietLog } from './fakes.ts'

const header = { spawner: 7, startTime: 8, bootId: 'b', marker: 's:1:' }
const json = (token: number): string => exitJson(refusalOf(token, 'ENOENT: "é"\n', 5))

function journalFile(): string {
  const directory = mkdtempSync(join(tmpdir(), 'balsam-journal-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  return join(directory, 'spawner-1.journal')
}

test('what a journal was told is read from it', () => {
  const file = journalFile()
  const journal = makeJournal(file, header, quietLog)
  journal.taken([1, 2, 3, 4])
  journal.started(1, 101, 9, 1_000)
  journal.started(2, 102, 9, 1_001)
  journal.exited(2, json(2))
  journal.withdrawn([3])
  journal.flush()
  const reader = makeJournalReader(file, quietLog)
  expect(reader.read()).toEqual({ exits: [JSON.parse(json(2))], withdrawn: [3] })
  expect(reader.view.header).toEqual(header)
  expect([...reader.view.open]).toEqual([1, 4])
  expect([...reader.view.running]).toEqual([[1, { pid: 101, atMs: 1_000 }]])
})

test('a task that was given back and taken again is open, not given back', () => {
  const file = journalFile()
  const journal = makeJournal(file, header, quietLog)
  journal.taken([1, 2])
  journal.withdrawn([1, 2])
  journal.taken([1])
  journal.flush()
  const reader = makeJournalReader(file, quietLog)
  expect(reader.read()).toEqual({ exits: [], withdrawn: [2] })
  expect([...reader.view.open]).toEqual([1])
})

test('taken tasks are in the file at once', () => {
  const file = journalFile()
  makeJournal(file, header, quietLog).taken([5])
  expect(readFileSync(file, 'utf8')).toContain('{"q":[5]}\n')
})

test('a half-written line is read when it is whole', () => {
  const file = journalFile()
  writeFileSync(file, `${JSON.stringify(header)}\n{"q":[1]}\n{"e":${json(1).slice(0, 40)}`)
  const reader = makeJournalReader(file, quietLog)
  expect(reader.read().exits).toEqual([])
  appendFileSync(file, `${json(1).slice(40)}}\n`)
  expect(reader.read().exits).toEqual([JSON.parse(json(1))])
  expect(reader.read().exits).toEqual([])
})

test('an unreadable line hides no other', () => {
  const file = journalFile()
  writeFileSync(file, `${JSON.stringify(header)}\n\0\0\0{"q":\n{"q":[1]}\n`)
  const reader = makeJournalReader(file, quietLog)
  reader.read()
  expect([...reader.view.open]).toEqual([1])
})

test('a journal that is missing tells nothing', () => {
  const reader = makeJournalReader('/nonexistent/journal', quietLog)
  expect(reader.read()).toEqual({ exits: [], withdrawn: [] })
  expect(reader.view.header).toBe(null)
})

test('after rotations everything that has not ended is still known', () => {
  const file = journalFile()
  const journal = makeJournal(file, header, quietLog)
  const run = { task: { token: 1 }, pid: 101, startTime: 9, startedAtMs: 1_000 }
  journal.taken([1, 2])
  journal.started(1, 101, 9, 1_000)
  journal.rotate([run], [1, 2])
  journal.rotate([run], [1, 2])
  journal.exited(2, json(2))
  journal.flush()
  const reader = makeJournalReader(file, quietLog)
  expect(reader.read().exits).toHaveLength(1)
  expect([...reader.view.open]).toEqual([1])
  expect(reader.view.running.get(1)?.pid).toBe(101)
  expect(existsSync(`${file}.1`)).toBe(true)
})

test('a journal is never written over another', () => {
  const file = journalFile()
  makeJournal(file, header, quietLog)
  expect(() => makeJournal(file, header, quietLog)).toThrow('EEXIST')
})
