// Copies files and directories as `cp -pr` does, with times and modes, in pieces, so that it can be
// ended at any moment; each file is whole or not there, and its size is verified.
// Must never write through a link: what it makes is made anew and renamed into its place.
import type { Stats } from 'node:fs'
import { constants } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import {
  chmod,
  lstat,
  mkdir,
  open,
  readdir,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  utimes,
} from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/** Bytes read and written at once: between two pieces it can be ended. */
const pieceBytes = 1024 * 1024

/** Copies `from` to the path `to`. A link is followed when `from` itself is one, else copied. */
export async function copyTree(from: string, to: string, signal: AbortSignal): Promise<void> {
  await copyAny(from, to, await stat(from), signal)
}

async function copyAny(from: string, to: string, what: Stats, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  if (what.isFile()) await copyFile(from, to, what, signal)
  else if (what.isDirectory()) await copyDirectory(from, to, what, signal)
  else if (what.isSymbolicLink()) await copyLink(from, to)
  else throw new Error(`${from} is neither a file nor a directory`)
}

async function copyDirectory(
  from: string,
  to: string,
  what: Stats,
  signal: AbortSignal,
): Promise<void> {
  await makeDirectory(to)
  for (const name of await readdir(from)) {
    const inner = join(from, name)
    await copyAny(inner, join(to, name), await lstat(inner), signal)
  }
  // Last, since a mode may forbid writing into it.
  await chmod(to, what.mode & 0o7777)
  await utimes(to, what.atime, what.mtime)
}

/** Makes a directory, or takes one that is there; a link to one is refused. */
async function makeDirectory(path: string): Promise<void> {
  await mkdir(path).catch(async (error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    if (!(await lstat(path)).isDirectory()) throw new Error(`${path} is there and no directory`)
  })
}

async function copyLink(from: string, to: string): Promise<void> {
  const beside = placeBeside(to)
  await rm(beside, { force: true })
  await symlink(await readlink(from), beside)
  await rename(beside, to)
}

async function copyFile(
  from: string,
  to: string,
  before: Stats,
  signal: AbortSignal,
): Promise<void> {
  const beside = placeBeside(to)
  await rm(beside, { force: true })
  const source = await open(from, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants
    const target = await open(beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
    try {
      const bytes = await pour(source, target, signal)
      await verify(from, source, target, before, bytes)
      await target.chmod(before.mode & 0o7777)
      await target.utimes(before.atime, before.mtime)
    } finally {
      await target.close()
    }
    await rename(beside, to)
  } catch (error) {
    await rm(beside, { force: true })
    throw error
  } finally {
    await source.close()
  }
}

async function pour(source: FileHandle, target: FileHandle, signal: AbortSignal): Promise<number> {
  const piece = Buffer.allocUnsafe(pieceBytes)
  let total = 0
  for (;;) {
    signal.throwIfAborted()
    const { bytesRead } = await source.read(piece, 0, pieceBytes)
    if (bytesRead === 0) return total
    for (let at = 0; at < bytesRead; ) {
      at += (await target.write(piece, at, bytesRead - at)).bytesWritten
    }
    total += bytesRead
  }
}

async function verify(
  from: string,
  source: FileHandle,
  target: FileHandle,
  before: Stats,
  bytes: number,
): Promise<void> {
  const [after, made] = [await source.stat(), await target.stat()]
  if (after.size !== before.size || after.mtimeMs !== before.mtimeMs) {
    throw new Error(`${from} changed while it was copied`)
  }
  if (made.size !== after.size || bytes !== after.size) {
    throw new Error(`${from} has ${after.size} bytes, and ${made.size} arrived`)
  }
}

/** Where a file grows until it is whole. */
function placeBeside(path: string): string {
  return join(dirname(path), `.${basename(path)}.balsam-part`)
}
