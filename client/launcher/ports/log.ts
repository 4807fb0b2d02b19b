// The log of supervisor and launchers: JSON lines, appended to launcher.log by all of them.
// Must never write a secret, and must be on disk before a crash: every line is written at once.
import { pino } from 'pino'
import type { Log } from '../../../protocol/ports.ts'

/** A log that appends to a file. `who` stands in every line. */
export function fileLog(file: string, who: Readonly<Record<string, unknown>>): Log {
  const destination = pino.destination({ dest: file, append: true, sync: true, mkdir: false })
  const logger = pino({ level: 'info', base: { ...who, pid: process.pid } }, destination)
  return {
    debug: (what, facts = {}) => logger.debug(facts, what),
    info: (what, facts = {}) => logger.info(facts, what),
    warn: (what, facts = {}) => logger.warn(facts, what),
    error: (what, facts = {}) => logger.error(facts, what),
  }
}
