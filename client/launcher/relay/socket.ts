// Where a launcher's own socket is, on node-local storage, and how it is bound for this user alone.
// Must never follow another user's link or directory.
import { createHash } from 'node:crypto'
import { lstatSync, mkdirSync, rmSync, statSync } from 'node:fs'
import type { Server } from 'node:http'
import { dirname, join } from 'node:path'
import { fault } from '../../../protocol/faults.ts'
import { limits } from '../../../protocol/limits.ts'

/** The path for one node of an allocation; XDG_RUNTIME_DIR when it is ours, else /tmp. */
export function relaySocketPath(
  marker: string,
  nodeIndex: number,
  runtimeDirectory: string | undefined,
): string {
  const uid = ownUid()
  const name = createHash('sha256').update(`${marker}:${nodeIndex}`).digest('hex').slice(0, 12)
  const base =
    runtimeDirectory !== undefined && isOwn(runtimeDirectory, uid)
      ? join(runtimeDirectory, 'balsam')
      : join('/tmp', `balsam-${uid}`)
  const path = join(base, `${name}.task`)
  const bytes = Buffer.byteLength(path)
  if (bytes <= limits.socketPathBytesMax) return path
  throw fault('SOCKET_PATH_TOO_LONG', { path, bytes, max: limits.socketPathBytesMax })
}

/** Binds a server; a socket left by an earlier launcher of this node is replaced. */
export async function bindPrivately(server: Server, path: string): Promise<{ remove(): void }> {
  const directory = dirname(path)
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const stat = lstatSync(directory)
  if (!stat.isDirectory() || stat.uid !== ownUid() || (stat.mode & 0o077) !== 0) {
    const what = 'it is not a directory of yours with mode 0700'
    throw fault('SOCKET_DIRECTORY_UNSAFE', { path: directory, what })
  }
  rmSync(path, { force: true })
  const umask = process.umask(0o177)
  const listening = new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ path }, () => {
      server.off('error', reject)
      resolve()
    })
  })
  process.umask(umask)
  await listening
  const { ino } = lstatSync(path)
  return {
    remove() {
      const now = lstatSync(path, { throwIfNoEntry: false })
      if (now?.ino === ino) rmSync(path, { force: true })
    },
  }
}

function isOwn(path: string, uid: number): boolean {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat?.isDirectory() === true && stat.uid === uid
}

function ownUid(): number {
  return process.getuid?.() ?? 0
}
