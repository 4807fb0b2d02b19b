// Makes this process the parent of its orphaned descendants and buries them when they end.
// Must never wait for a child that Node started: Node would not hear of its end.
import { readFileSync } from 'node:fs'
import type { Log } from '../../../protocol/ports.ts'
import { isZombie } from '../machine/processes.ts'

const prSetChildSubreaper = 36
const wnohang = 1

/** Without koffi, or on another system, orphans go to init, which buries them too. */
export async function becomeReaper(isOwnChild: (pid: number) => boolean, log: Log): Promise<void> {
  let waitpid: (pid: number, status: null, options: number) => number
  try {
    const { default: koffi } = await import('koffi')
    const libc = koffi.load(null)
    const prctl = libc.func('int prctl(int, ulong, ulong, ulong, ulong)')
    waitpid = libc.func('int waitpid(int, int *, int)')
    if (prctl(prSetChildSubreaper, 1, 0, 0, 0) !== 0) return
  } catch (error) {
    log.warn('orphans cannot be kept', { error: String(error) })
    return
  }
  process.on('SIGCHLD', () => {
    for (const pid of children()) {
      if (!isOwnChild(pid) && isZombie(pid)) waitpid(pid, null, wnohang)
    }
  })
}

function children(): number[] {
  try {
    const list = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8')
    return list.split(' ').filter(Boolean).map(Number)
  } catch {
    return []
  }
}
