// Sends a signal through a pidfd, which stays with its process: between the look and the signal
// the pid can't become another process. Without pidfds (Linux before 5.3, no koffi) the gap is
// microseconds.
import { createRequire } from 'node:module'

/** System calls of pidfds; null when the system has none. */
interface PidFds {
  open(pid: number): number
  signal(fd: number, signal: number): boolean
  close(fd: number): void
}

/** System call numbers, the same on every architecture since 5.3. */
const call = { pidfdSendSignal: 424, pidfdOpen: 434 } as const

let cached: PidFds | null | undefined

/** Sends the signal if `isRight` holds while the process is held; says whether it was sent. */
export function sendSignal(pid: number, signal: number, isRight: () => boolean): boolean {
  if (cached === undefined) cached = loadPidFds()
  if (cached === null) return isRight() && plainKill(pid, signal)
  const fd = cached.open(pid)
  if (fd < 0) return false
  try {
    return isRight() && cached.signal(fd, signal)
  } finally {
    cached.close(fd)
  }
}

function plainKill(pid: number, signal: number): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}

/** What we use of koffi. */
interface Foreign {
  load(path: null): { func(declaration: string): (...values: unknown[]) => number }
}

function loadPidFds(): PidFds | null {
  try {
    // Loaded on the first signal only: most runners never send one.
    const koffi = createRequire(import.meta.url)('koffi') as Foreign
    const libc = koffi.load(null)
    const systemCall = libc.func('long syscall(long number, long a, long b, void *c, long d)')
    const closeFd = libc.func('int close(int fd)')
    const fds: PidFds = {
      open: (pid) => systemCall(call.pidfdOpen, pid, 0, null, 0),
      signal: (fd, signal) => systemCall(call.pidfdSendSignal, fd, signal, null, 0) === 0,
      close: (fd) => void closeFd(fd),
    }
    const own = fds.open(process.pid)
    if (own < 0) return null
    fds.close(own)
    return fds
  } catch {
    return null
  }
}
