// The log of supervisor and launchers: JSON lines, appended to launcher.log by all of them.
// Must never write a secret, and must be on disk before a crash: every line is written at once.
import { existsSync, renameSync, rmSync, statSync } from 'node:fs'
import type { DestinationStream } from 'pino'
import { pino } from 'pino'
import type { LogBounds } from '../../../protocol/allocation-file.ts'
import type { Log } from '../../../protocol/ports.ts'

/** A log in a file that several processes write. */
export interface FileLog extends Log {
  /** From now on only this is written and kept. */
  bound(bounds: LogBounds): void
}

/** A log that appends to a file, without bounds at first. `who` stands in every line. */
export function fileLog(file: string, who: Readonly<Record<string, unknown>>): FileLog {
  let bounds: LogBounds = { level: 'info', fileBytesMax: Number.POSITIVE_INFINITY, filesKept: 0 }
  const logger = pino(
    { level: bounds.level, base: { ...who, pid: process.pid } },
    turningFile(file, () => bounds),
  )
  return {
    debug: (what, facts = {}) => logger.debug(facts, what),
    info: (what, facts = {}) => logger.info(facts, what),
    warn: (what, facts = {}) => logger.warn(facts, what),
    error: (what, facts = {}) => logger.error(facts, what),
    bound(to) {
      bounds = to
      logger.level = to.level
    },
  }
}

/** Looks at the file before each of its few lines: another process may have turned it over. */
function turningFile(file: string, boundsOf: () => LogBounds): DestinationStream {
  const out = pino.destination({ dest: file, append: true, sync: true, mkdir: false })
  let inode = statSync(file).ino
  // A full disk is no reason to end tasks: lines are lost, they are not.
  out.on('error', () => undefined)
  return {
    write(line) {
      const { fileBytesMax, filesKept } = boundsOf()
      const now = statSync(file, { throwIfNoEntry: false })
      const bytes = now?.size ?? 0
      const isFull = bytes > 0 && bytes + line.length > fileBytesMax
      if (isFull) turnOver(file, filesKept)
      if (isFull || now?.ino !== inode) {
        out.reopen(file)
        inode = statSync(file, { throwIfNoEntry: false })?.ino ?? 0
      }
      out.write(line)
    },
  }
}

/** FILE → FILE.1 → FILE.2 …; the oldest goes. */
function turnOver(file: string, kept: number): void {
  const nameOf = (age: number): string => (age === 0 ? file : `${file}.${age}`)
  try {
    rmSync(nameOf(kept), { force: true })
    for (let age = kept - 1; age >= 0; age -= 1) {
      if (existsSync(nameOf(age))) renameSync(nameOf(age), nameOf(age + 1))
    }
  } catch {
    // Another process has just turned it over, or the directory is gone with the site.
  }
}
