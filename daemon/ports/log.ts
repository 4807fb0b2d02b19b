// The daemon's log: JSON lines by pino, to standard output or into a file that is turned over by
// size. Must never hold a secret (see ports/secrets), and never stop the daemon because it can't
// be written.
import { existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { DestinationStream } from 'pino'
import { destination, pino, stdTimeFunctions } from 'pino'
import type { Log } from '../../protocol/ports.ts'

/** Where the log goes and how much of it is kept. */
export interface LogPlan {
  readonly file: string
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  /** The file is turned over when it is larger than this. */
  readonly fileBytesMax: number
  /** Old files kept: FILE.1 is the youngest. */
  readonly filesKept: number
}

/** A log whose level can be changed while it is written. */
export interface LevelLog extends Log {
  setLevel(level: LogPlan['level']): void
}

/** The log on standard output, which the daemon's starter puts into a file. */
export function openLog(level: LogPlan['level'] = 'info'): LevelLog {
  return logTo(destination({ fd: 1, sync: true }), level)
}

/** The log in a file of its own, turned over by size. */
export function openFileLog(plan: LogPlan): LevelLog {
  mkdirSync(dirname(plan.file), { recursive: true })
  return logTo(rotatingFile(plan), plan.level)
}

function logTo(stream: DestinationStream, level: LogPlan['level']): LevelLog {
  const options = { level, base: { pid: process.pid }, timestamp: stdTimeFunctions.isoTime }
  const logger = pino(options, stream)
  return {
    debug: (what, facts = {}) => logger.debug(facts, what),
    info: (what, facts = {}) => logger.info(facts, what),
    warn: (what, facts = {}) => logger.warn(facts, what),
    error: (what, facts = {}) => logger.error(facts, what),
    setLevel: (next) => {
      logger.level = next
    },
  }
}

function rotatingFile(plan: LogPlan): DestinationStream {
  // Sync: the last lines before a crash are the ones that matter, and few are written a second.
  const out = destination({ dest: plan.file, sync: true, mode: 0o600, append: true })
  let bytes = statSync(plan.file, { throwIfNoEntry: false })?.size ?? 0
  // A full disk is no reason to end: lines are lost, jobs are not.
  out.on('error', () => undefined)
  return {
    write(line) {
      if (bytes + line.length > plan.fileBytesMax && bytes > 0) {
        turnOver(plan)
        out.reopen(plan.file)
        bytes = 0
      }
      bytes += line.length
      out.write(line)
    },
  }
}

/** FILE → FILE.1 → FILE.2 …; the oldest goes. */
function turnOver(plan: LogPlan): void {
  const nameOf = (age: number): string => (age === 0 ? plan.file : `${plan.file}.${age}`)
  rmSync(nameOf(plan.filesKept), { force: true })
  for (let age = plan.filesKept - 1; age >= 0; age -= 1) {
    if (existsSync(nameOf(age))) renameSync(nameOf(age), nameOf(age + 1))
  }
}
