// The journal of a spawner: what it started and how that ended, for a launcher that comes later.
// Must reach the kernel before the report leaves, so that no reported exit is lost, and name each
// task before it starts. Not fsynced, because a power loss ends the tasks too.
// Must never stop the spawner by a full disk.
import { closeSync, openSync, renameSync, writeSync } from 'node:fs'
import { limits } from '../../../protocol/limits.ts'
import type { Log } from '../../../protocol/ports.ts'
import type { JournalHeader } from './messages.ts'

/** Writes records; they are in the file after flush(). */
export interface Journal {
  /** In the file at once: whatever happens later, it is known which tasks may have been started. */
  taken(tokens: readonly number[]): void
  started(token: number, pid: number, startTime: number, atMs: number): void
  /** The exit as JSON. */
  exited(token: number, json: string): void
  withdrawn(tokens: readonly number[]): void
  flush(): void
  /** True once, when the file has become large. */
  takeFull(): boolean
  /** Begins a new file; the old one becomes FILE.1, in place of an earlier one. */
  rotate(running: readonly RunningRecord[], unended: readonly number[]): void
}

/** What a journal says of a running task. */
export interface RunningRecord {
  readonly task: { readonly token: number }
  readonly pid: number
  readonly startTime: number
  readonly startedAtMs: number
}

/** The file that commands of an adopting launcher are read from. */
export function controlFile(journalFile: string): string {
  return `${journalFile}.control`
}

/** The journal before the last rotation. */
export function olderFile(journalFile: string): string {
  return `${journalFile}.1`
}

/** Creates the journal with its header. Throws when the file can't be made: nobody could adopt. */
export function makeJournal(file: string, header: JournalHeader, log: Log): Journal {
  let fd = openSync(file, 'wx', 0o600)
  let pending = `${JSON.stringify(header)}\n`
  const starts = new Map<number, string>()
  let bytes = 0
  let isFull = false
  let isBroken = false

  const write = (): void => {
    while (pending !== '') {
      const written = writeSync(fd, pending)
      bytes += written
      const length = Buffer.byteLength(pending)
      pending = written === length ? '' : Buffer.from(pending).subarray(written).toString('utf8')
    }
    isBroken = false
  }
  const startLine = (token: number, pid: number, startTime: number, atMs: number): string =>
    `{"s":${token},"pid":${pid},"startTime":${startTime},"at":${atMs}}\n`

  const journal: Journal = {
    taken(tokens) {
      pending += `{"q":[${tokens.join(',')}]}\n`
      journal.flush()
    },
    started(token, pid, startTime, atMs) {
      starts.set(token, startLine(token, pid, startTime, atMs))
    },
    exited(token, json) {
      starts.delete(token)
      pending += `{"e":${json}}\n`
    },
    withdrawn(tokens) {
      if (tokens.length > 0) pending += `{"w":[${tokens.join(',')}]}\n`
    },
    flush() {
      for (const line of starts.values()) pending += line
      starts.clear()
      if (pending === '') return
      try {
        write()
      } catch (error) {
        // Full disk or lost mount: the launcher still gets its reports, and the lines wait here.
        if (!isBroken) log.error('journal not written', { file, what: String(error) })
        isBroken = true
        if (pending.length > limits.journalBytesMax) pending = ''
      }
    },
    takeFull() {
      if (isFull || bytes < limits.journalBytesMax) return false
      isFull = true
      return true
    },
    rotate(running, unended) {
      journal.flush()
      renameSync(file, olderFile(file))
      closeSync(fd)
      fd = openSync(file, 'wx', 0o600)
      bytes = 0
      isFull = false
      pending = `${JSON.stringify(header)}\n${pending}`
      if (unended.length > 0) pending += `{"q":[${unended.join(',')}]}\n`
      for (const { task, pid, startTime, startedAtMs } of running) {
        pending += startLine(task.token, pid, startTime, startedAtMs)
      }
      journal.flush()
    },
  }
  journal.flush()
  return journal
}
