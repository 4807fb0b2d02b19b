// owner.json: which process owns a site, on which host. On a network file system it decides, made
// by link(), which is atomic there even where locks are not.
// Must never judge a process of another host, and never replace a record it has not read.
import { linkSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'

/** The process that owns a site. */
export interface Owner {
  readonly host: string
  readonly bootId: string
  readonly pid: number
  /** Clock ticks from boot to its start. */
  readonly startTime: number
}

/** The record, or null when there is none; a torn one is an owner nobody knows. */
export function readOwner(file: string): Owner | null {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
  return parseOwner(text) ?? { host: 'an unknown host', bootId: '', pid: 0, startTime: 0 }
}

function parseOwner(text: string): Owner | null {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null) return null
    const { host, bootId, pid, startTime }: Partial<Record<keyof Owner, unknown>> = value
    if (typeof host !== 'string' || typeof bootId !== 'string') return null
    if (typeof pid !== 'number' || typeof startTime !== 'number') return null
    return { host, bootId, pid, startTime }
  } catch {
    return null
  }
}

/** True when both records name the same process. */
export function isSameOwner(a: Owner, b: Owner): boolean {
  return (
    a.host === b.host && a.bootId === b.bootId && a.pid === b.pid && a.startTime === b.startTime
  )
}

/** Makes the record unless there is one; returns whether it is ours now. */
export function claim(file: string, owner: Owner): boolean {
  const aside = asideOf(file, owner)
  writeFileSync(aside, `${JSON.stringify(owner)}\n`, { mode: 0o600, flush: true })
  try {
    linkSync(aside, file)
    return true
  } catch (error) {
    // Over NFS the answer of a link that was made can get lost: the count of links knows.
    if (statSync(aside).nlink === 2) return true
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  } finally {
    rmSync(aside, { force: true })
  }
}

/**
 * Takes away the record of an owner that is known to be gone. Returns false when another record has
 * come in its place meanwhile; that one is put back.
 */
export function discard(file: string, gone: Owner, by: Owner): boolean {
  const aside = `${asideOf(file, by)}.gone`
  try {
    renameSync(file, aside)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return true
    throw error
  }
  const taken = readOwner(aside)
  const isExpected = taken !== null && isSameOwner(taken, gone)
  if (!isExpected) {
    try {
      linkSync(aside, file)
    } catch {
      // A third one has claimed it in between; the epoch row decides between them.
    }
  }
  rmSync(aside, { force: true })
  return isExpected
}

/** Takes our own record away; another's stays. */
export function giveUp(file: string, owner: Owner): void {
  const found = readOwner(file)
  if (found !== null && isSameOwner(found, owner)) rmSync(file, { force: true })
}

function asideOf(file: string, owner: Owner): string {
  return `${file}.${owner.host}.${owner.pid}.${owner.startTime}`
}
