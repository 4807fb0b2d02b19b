// Signals through a pidfd, which stays with its process whatever becomes of the pid.
import type { Libc } from './libc.ts'
import { systemCalls } from './libc.ts'

/** Sends the signal if `isRight` holds while the process is held fast; true when sent. */
export function signalHeld(
  libc: Libc,
  pid: number,
  signal: number,
  isRight: () => boolean,
): boolean {
  const fd = libc.syscall(systemCalls.pidfdOpen, pid, 0, 0, 0)
  // Before Linux 5.3 there are none: the gap between look and signal is some microseconds.
  if (fd < 0) return isRight() && libc.kill(pid, signal) === 0
  try {
    return isRight() && libc.syscall(systemCalls.pidfdSendSignal, fd, signal, 0, 0) === 0
  } finally {
    libc.close(fd)
  }
}
