// The daemon's log: one JSON line a record, to standard output, which its starter puts into log/balsamd.log.
import pino from 'pino'
import type { Log } from '../../protocol/ports.ts'

/** The log of this process. */
export function openLog(level = 'info'): Log {
  const logger = pino(
    { level, base: { pid: process.pid } },
    pino.destination({ fd: 1, sync: true }),
  )
  return {
    debug: (what, facts) => logger.debug(facts ?? {}, what),
    info: (what, facts) => logger.info(facts ?? {}, what),
    warn: (what, facts) => logger.warn(facts ?? {}, what),
    error: (what, facts) => logger.error(facts ?? {}, what),
  }
}
