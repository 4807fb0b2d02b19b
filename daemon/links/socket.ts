// The daemon's Unix socket: where it is, that its directory is safe, and how it is bound.
// Must never follow a symlink of somebody else, nor remove a socket that is not this site's.
import { createHash } from 'node:crypto'
import type { Stats } from 'node:fs'
import { lstatSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs'
import type { Server } from 'node:http'
import { dirname, join } from 'node:path'
import { fault } from '../../protocol/faults.ts'
import { limits } from '../../protocol/limits.ts'

/** Where sockets may be, and for whom. */
export interface SocketPlace {
  /** XDG_RUNTIME_DIR, when set. */
  readonly runtimeDirectory: string | undefined
  /** '/tmp' but in tests. */
  readonly temporaryDirectory: string
  readonly uid: number
}

/** The place that this process' environment names. */
export function socketPlace(
  environment: Readonly<Record<string, string | undefined>>,
): SocketPlace {
  return {
    runtimeDirectory: environment['XDG_RUNTIME_DIR'],
    temporaryDirectory: '/tmp',
    uid: process.getuid?.() ?? 0,
  }
}

/**
 * The socket's path for a site (its real path). SOCKET_PATH_TOO_LONG when the kernel would cut it.
 */
export function socketPath(site: string, place: SocketPlace): string {
  const name = `${createHash('sha256').update(site).digest('hex').slice(0, 12)}.sock`
  const { runtimeDirectory } = place
  const isUsable = runtimeDirectory !== undefined && isOwnDirectory(runtimeDirectory, place.uid)
  const directory = isUsable
    ? join(runtimeDirectory, 'balsam')
    : join(place.temporaryDirectory, `balsam-${place.uid}`)
  const path = join(directory, name)
  const bytes = Buffer.byteLength(path)
  if (bytes <= limits.socketPathBytesMax) return path
  throw fault('SOCKET_PATH_TOO_LONG', { path, bytes, max: limits.socketPathBytesMax })
}

/**
 * Makes the socket's directory, 0700; SOCKET_DIRECTORY_UNSAFE when what is there could be
 * another's.
 */
export function secureDirectory(directory: string, uid: number): void {
  try {
    mkdirSync(directory, { mode: 0o700 })
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) {
      const what = error instanceof Error ? error.message : String(error)
      throw fault('SOCKET_DIRECTORY_UNSAFE', { path: directory, what })
    }
  }
  const what = directoryProblem(lstatSync(directory), uid)
  if (what !== null) throw fault('SOCKET_DIRECTORY_UNSAFE', { path: directory, what })
}

function directoryProblem(stat: Stats, uid: number): string | null {
  if (stat.isSymbolicLink()) return 'it is a symbolic link'
  if (!stat.isDirectory()) return 'it is no directory'
  if (stat.uid !== uid) return `it belongs to user ${stat.uid}`
  const mode = stat.mode & 0o777
  return (mode & 0o077) === 0 ? null : `its mode is ${mode.toString(8)}`
}

/** A bound socket. */
export interface BoundSocket {
  readonly path: string
  /** Removes the path when it still is ours: a later daemon of the site may have bound it anew. */
  remove(): void
}

/**
 * Binds the server to the path, replacing a stale socket. Only the holder of the site calls this.
 * It is bound under another name and renamed: so nobody sees a socket that does not listen, and
 * libuv, which unlinks the name it was given when the server closes, can't take away a successor's.
 */
export async function bindSocket(server: Server, path: string, uid: number): Promise<BoundSocket> {
  secureDirectory(dirname(path), uid)
  const old = lstatSync(path, { throwIfNoEntry: false })
  if (old !== undefined && !old.isSocket()) {
    throw fault('SOCKET_DIRECTORY_UNSAFE', { path, what: 'it is in the place of the socket' })
  }
  const aside = join(dirname(path), `${process.pid}.new`)
  rmSync(aside, { force: true })
  const umask = process.umask(0o177)
  const listening = listen(server, aside)
  process.umask(umask)
  await listening
  const { ino } = lstatSync(aside)
  renameSync(aside, path)
  return {
    path,
    remove() {
      const now = lstatSync(path, { throwIfNoEntry: false })
      if (now?.ino === ino) rmSync(path, { force: true })
    },
  }
}

/**
 * Binds at once (libuv binds pipes synchronously, so the caller's umask holds); resolves when it
 * listens.
 */
function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ path, backlog: 511 }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

function isOwnDirectory(path: string, uid: number): boolean {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat?.isDirectory() === true && stat.uid === uid
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
