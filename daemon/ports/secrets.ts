// Secrets: a wrapper that can't be printed by mistake, and the key files of allocations.
// Must never put a key into a log, an error or an argument vector.
import { lstatSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { inspect } from 'node:util'
import type { Randomness } from '../../protocol/ports.ts'
import { pskBytes } from '../../protocol/psk.ts'

/** Bytes that show as *** in logs, JSON and errors. `bytes()` is the only way to them. */
export interface Secret {
  bytes(): Uint8Array
  toString(): string
  toJSON(): string
  [inspect.custom](): string
}

/** Wraps bytes. */
export function secretOf(bytes: Uint8Array): Secret {
  const hidden = (): string => '***'
  return {
    bytes: () => bytes,
    toString: hidden,
    toJSON: hidden,
    [inspect.custom]: hidden,
  }
}

/** The pre-shared keys of allocations, one 0600 file each. */
export interface KeyFiles {
  /** Makes the key of an allocation unless a good one is there; returns its file. */
  make(allocationId: number): string
  /** The key; null when there is none, or when others could have read it. */
  keyOf(allocationId: number): Secret | null
  /** Removes the key: the allocation has ended. */
  forget(allocationId: number): void
}

/** Key files at the paths that `fileOf` gives; the directories exist. */
export function keyFiles(
  fileOf: (allocationId: number) => string,
  randomness: Randomness,
  uid: number,
): KeyFiles {
  const known = new Map<number, Secret>()
  return {
    make(allocationId) {
      const file = fileOf(allocationId)
      // One that is torn, or that others could have read, is replaced.
      if (readKey(file, uid) !== null) return file
      known.delete(allocationId)
      const aside = `${file}.new`
      rmSync(aside, { force: true })
      writeFileSync(aside, randomness.hex(pskBytes), { mode: 0o600, flag: 'wx', flush: true })
      renameSync(aside, file)
      return file
    },
    keyOf(allocationId) {
      const key = known.get(allocationId) ?? readKey(fileOf(allocationId), uid)
      if (key !== null) known.set(allocationId, key)
      return key
    },
    forget(allocationId) {
      known.delete(allocationId)
      rmSync(fileOf(allocationId), { force: true })
    },
  }
}

function readKey(file: string, uid: number): Secret | null {
  const stat = lstatSync(file, { throwIfNoEntry: false })
  if (stat === undefined || !stat.isFile() || stat.uid !== uid || (stat.mode & 0o077) !== 0)
    return null
  const bytes = Buffer.from(readFileSync(file, 'utf8').trim(), 'hex')
  return bytes.length === pskBytes ? secretOf(bytes) : null
}
