// Random names. Read from the system, because loading node:crypto takes 10 ms of a CLI's 35.
import { closeSync, openSync, readSync } from 'node:fs'

/** So many random bytes, in hex. */
export function randomHex(bytes: number): string {
  const buffer = Buffer.alloc(bytes)
  const source = openSync('/dev/urandom', 'r')
  readSync(source, buffer, 0, bytes, null)
  closeSync(source)
  return buffer.toString('hex')
}
