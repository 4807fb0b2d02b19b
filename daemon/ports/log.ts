// The daemon's log: JSON lines by pino, in a file that is turned over by size; in the foreground
// on standard output as well. Must never hold a secret (see ports/secrets), and never stop the
// daemon because it can't be written.
import { existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { DestinationStream } from 'pino'
import { destination, multistream, pino, stdTimeFunctions } from 'pino'
import type { Log } from '../../protocol/ports.ts'

/** Where the log goes and how much of it is kept. */
export interface LogPlan {
  readonly file: string
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  /** The file is turned over when it is larger than this. */
  readonly fileBytesMax: number
  /** Old files kept: FILE.1 is the youngest. */
  readonly filesKept: number
  /** Also written on standard output: for systemd, containers, and people who look. */
  readonly isEchoed?: boolean
}

/** A log whose level can be changed while it is written. */
export interface LevelLog extends Log {
  setLevel(level: LogPlan['level']): void
}

/** The log in a file of its own, turned over by size. */
export function openFileLog(plan: LogPlan): LevelLog {
  mkdirSync(dirname(plan.file), { recursive: true })
  const file = rotatingFile(plan)
  return logTo(plan.isEchoed === true ? echoed(file) : file, plan.level)
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

function echoed(file: DestinationStream): DestinationStream {
  const out = destination({ fd: 1, sync: true })
  // Whoever read it is gone; the file goes on.
  out.on('error', () => undefined)
  // 0: the logger has decided what is written.
  return multistream([file, out].map((stream) => ({ stream, level: 0 })))
}

function rotatingFile(plan: LogPlan): DestinationStream {
  // Sync: the last lines before a crash are the ones that matter, and few are written a second.
  const out = destination({ dest: plan.file, sync: true, mode: 0o600, append: true })
  let bytes = sizeOf(plan.file)
  // A full disk is no reason to end: lines are lost, jobs are not.
  out.on('error', () => undefined)
  return {
    write(line) {
      if (bytes + line.length > plan.fileBytesMax && bytes > 0) {
        // Another daemon that found the site held may have turned it over.
        const now = sizeOf(plan.file)
        const isFull = now + line.length > plan.fileBytesMax && now > 0
        if (isFull) turnOver(plan)
        out.reopen(plan.file)
        bytes = isFull ? 0 : now
      }
      bytes += line.length
      out.write(line)
    },
  }
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}

/** FILE → FILE.1 → FILE.2 …; the oldest goes. */
function turnOver(plan: LogPlan): void {
  const nameOf = (age: number): string => (age === 0 ? plan.file : `${plan.file}.${age}`)
  rmSync(nameOf(plan.filesKept), { force: true })
  for (let age = plan.filesKept - 1; age >= 0; age -= 1) {
    if (existsSync(nameOf(age))) renameSync(nameOf(age), nameOf(age + 1))
  }
}
