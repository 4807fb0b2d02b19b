// Reads the journal of a spawner, as far as it is written, and again as it grows.
// Must take a half-written last line for not yet there, and never throw for what a crash left.
import { closeSync, openSync, readSync } from 'node:fs'
import type { Log } from '../../../../protocol/ports.ts'
import { olderFile } from '../journal.ts'
import { makeLineSplitter } from '../lines.ts'
import type { Exit, JournalHeader, JournalRecord } from '../messages.ts'

const chunkBytes = 256 * 1024

/** What a journal has told so far. */
export interface JournalView {
  /** null: the spawner died before it wrote one. */
  header: JournalHeader | null
  /** Tasks taken over that have neither ended nor been given back. */
  readonly open: Set<number>
  /** Those of them that are known to run. */
  readonly running: Map<number, { readonly pid: number; readonly atMs: number }>
}

/** What one look brought. */
export interface JournalNews {
  readonly exits: readonly Exit[]
  readonly withdrawn: readonly number[]
}

/** A journal being read. */
export interface JournalReader {
  readonly view: JournalView
  /** Reads what has been written since the last look. */
  read(): JournalNews
}

/** A reader at the beginning of the journal, its older part included. */
export function makeJournalReader(file: string, log: Log): JournalReader {
  const view: JournalView = { header: null, open: new Set(), running: new Map() }
  const splitter = makeLineSplitter()
  const buffer = Buffer.allocUnsafe(chunkBytes)
  let offset = 0
  let isOlderRead = false

  const apply = (line: string, exits: Map<number, Exit>, withdrawn: Set<number>): void => {
    const record = parse(line)
    if (record === null) return log.warn('a journal holds an unreadable line', { file })
    if ('spawner' in record) view.header = record
    else if ('q' in record) {
      for (const token of record.q) {
        view.open.add(token)
        // Given back once and taken again: this time it may have been started.
        withdrawn.delete(token)
      }
    } else if ('s' in record) {
      view.open.add(record.s)
      view.running.set(record.s, { pid: record.pid, atMs: record.at })
    } else {
      const tokens = 'e' in record ? [record.e.token] : record.w
      if ('e' in record) exits.set(record.e.token, record.e)
      else for (const token of record.w) withdrawn.add(token)
      for (const token of tokens) {
        view.open.delete(token)
        view.running.delete(token)
      }
    }
  }
  /** Lines from an offset on; how far it got. */
  const lines = (path: string, from: number, each: (line: string) => void): number => {
    let at = from
    const fd = openOrNull(path)
    if (fd === null) return at
    try {
      for (;;) {
        const length = readSync(fd, buffer, 0, chunkBytes, at)
        if (length === 0) return at
        at += length
        for (const line of splitter.push(buffer.subarray(0, length))) each(line)
      }
    } finally {
      closeSync(fd)
    }
  }

  return {
    view,
    read() {
      const exits = new Map<number, Exit>()
      const withdrawn = new Set<number>()
      const each = (line: string): void => apply(line, exits, withdrawn)
      // An orphaned spawner rotates no more, so the older part is complete.
      if (!isOlderRead) lines(olderFile(file), 0, each)
      isOlderRead = true
      offset = lines(file, offset, each)
      return { exits: [...exits.values()], withdrawn: [...withdrawn] }
    },
  }
}

/** A border: what parses as JSON was written by a spawner, except where a disk lost blocks. */
function parse(line: string): JournalHeader | JournalRecord | null {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? (value as JournalRecord) : null
  } catch {
    return null
  }
}

function openOrNull(path: string): number | null {
  try {
    return openSync(path, 'r')
  } catch {
    return null
  }
}
