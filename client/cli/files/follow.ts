// Follows growing files as `tail -F` does: also over a rotation, and on network file systems,
// which tell nobody of changes; so it looks again now and then. Must never hold more than a piece.
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs'
import { StringDecoder } from 'node:string_decoder'

const pieceBytes = 256 * 1024

/** A file that is read further each time. */
export interface FollowedFile {
  /** Hands over what has been added since; nothing while the file does not exist. */
  readMore(take: (text: string) => void): void
}

/** Begins at the byte `from`; a file that shrinks or is replaced is read from its start. */
export function followFile(path: string, from: number): FollowedFile {
  let at = from
  let inode: number | undefined
  const decoder = new StringDecoder('utf8')
  return {
    readMore(take) {
      const descriptor = openQuietly(path)
      if (descriptor === undefined) return
      try {
        const stat = fstatSync(descriptor)
        if ((inode !== undefined && inode !== stat.ino) || stat.size < at) at = 0
        inode = stat.ino
        const bytes = Buffer.alloc(pieceBytes)
        for (;;) {
          const count = readSync(descriptor, bytes, 0, pieceBytes, at)
          if (count === 0) return
          at += count
          take(decoder.write(bytes.subarray(0, count)))
        }
      } finally {
        closeSync(descriptor)
      }
    },
  }
}

/** The byte at which the last `lines` lines begin; looks at the last 4 MiB at most. */
export function startOfLastLines(path: string, lines: number): number {
  const size = sizeOf(path)
  const start = Math.max(0, size - 4 * 1024 * 1024)
  const descriptor = openQuietly(path)
  if (descriptor === undefined) return 0
  try {
    const bytes = Buffer.alloc(size - start)
    const count = readSync(descriptor, bytes, 0, bytes.length, start)
    // The line break at the very end belongs to the last line.
    let found = bytes[count - 1] === 10 ? -1 : 0
    for (let at = count - 1; at >= 0; at -= 1) {
      if (bytes[at] === 10) found += 1
      if (found >= lines) return start + at + 1
    }
    return start
  } finally {
    closeSync(descriptor)
  }
}

/** Bytes of the file; 0 when there is none. */
export function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

function openQuietly(path: string): number | undefined {
  try {
    return openSync(path, 'r')
  } catch {
    return undefined
  }
}
