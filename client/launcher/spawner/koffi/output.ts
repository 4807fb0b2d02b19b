// Writes reports to fd 1 without ever waiting for the launcher: what does not fit waits here.
import { writeSync } from 'node:fs'
import type { Log } from '../../../../protocol/ports.ts'
import type { Libc } from './libc.ts'

const getStatusFlags = 3
const setStatusFlags = 4
const nonBlocking = 0o4000

/** The pipe to the launcher. */
export interface Output {
  send(lines: string): void
  /** Tries what waits once more. */
  retry(): void
  isEmpty(): boolean
  /** Nobody reads any more. */
  isBroken(): boolean
}

/** Output on fd 1. */
export function makeOutput(libc: Libc, log: Log): Output {
  let waiting = Buffer.alloc(0)
  let isBroken = false
  for (const fd of [1, 2]) {
    libc.fcntl(fd, setStatusFlags, libc.fcntl(fd, getStatusFlags, 0) | nonBlocking)
  }

  /** How many bytes went. */
  const write = (bytes: Buffer): number => {
    try {
      return writeSync(1, bytes)
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : ''
      if (code !== 'EAGAIN' && code !== 'EINTR') {
        isBroken = true
        log.warn('the launcher does not read any more', { code })
      }
      return 0
    }
  }
  const retry = (): void => {
    while (waiting.length > 0 && !isBroken) {
      const written = write(waiting)
      if (written === 0) return
      waiting = waiting.subarray(written)
    }
  }

  return {
    send(lines) {
      if (isBroken) return
      const bytes = Buffer.from(lines)
      waiting = waiting.length === 0 ? bytes : Buffer.concat([waiting, bytes])
      retry()
    },
    retry,
    isEmpty: () => waiting.length === 0 || isBroken,
    isBroken: () => isBroken,
  }
}
