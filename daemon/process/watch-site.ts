// Sees that the site's directory is still where the daemon was started: one that was removed or
// moved away has no use for it, and the daemon of its new place must not find it at work.
import { statSync } from 'node:fs'
import { limits } from '../../protocol/limits.ts'
import type { Clock, Timer } from '../../protocol/ports.ts'
import type { DirectoryIdentity } from '../../protocol/site-files.ts'

/** Looks now and then; calls `onGone` once. Returns what ends the watch. */
export function watchSite(
  directory: DirectoryIdentity,
  clock: Clock,
  onGone: () => void,
): () => void {
  let timer: Timer | null = null
  const look = (): void => {
    timer = null
    if (isGone(directory)) onGone()
    else timer = clock.after(limits.siteLookMs, look)
  }
  timer = clock.after(limits.siteLookMs, look)
  return () => timer?.cancel()
}

/** Only what is certain: a file system that does not answer has not lost its directories. */
function isGone({ path, inode }: DirectoryIdentity): boolean {
  try {
    return statSync(path).ino !== inode
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOENT'
  }
}
