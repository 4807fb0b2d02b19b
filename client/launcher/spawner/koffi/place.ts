// Where a task runs: its directory, its output files, its cores. The spawner takes these on itself
// just before a spawn, since glibc learnt to do it in the child only in 2.29.
// Must never hang on a special file, nor keep a task's file open.
import { mkdirSync } from 'node:fs'
import { constants } from 'node:os'
import type { Task } from '../messages.ts'
import { setAside } from '../set-aside.ts'
import type { Libc } from './libc.ts'
import { makeBlock } from './memory.ts'

/** Flags of open(2), equal on x64, arm64 and riscv64. */
const open = {
  writeOnly: 0o1,
  create: 0o100,
  noTerminal: 0o400,
  truncate: 0o1000,
  append: 0o2000,
  nonBlocking: 0o4000,
  closeOnExec: 0o2000000,
} as const
const setStatusFlags = 4
const cpusMax = 1024

/** Descriptors for a task's 1 and 2. */
export interface Outputs {
  stdout: number
  stderr: number
}

/** Takes places and gives them back. */
export interface Places {
  /** Enters the directory; returns why not, or null. */
  enter(task: Task): string | null
  /** Opens the outputs into `outputs`; returns why not, or null. */
  open(task: Task, outputs: Outputs): string | null
  close(outputs: Outputs): void
  /** Binds this process to the cores, or to its own again. */
  bind(cpus: readonly number[] | null): void
  /** Of /dev/null, read and written. */
  readonly nullFd: number
}

const namesByErrno = new Map(
  Object.entries(constants.errno).map(([name, errno]) => [errno, name] as const),
)

/** 'ENOENT' for 2. */
export function errorName(errno: number): string {
  return namesByErrno.get(errno) ?? `E${errno}`
}

/** Places of this process. */
export function makePlaces(libc: Libc): Places {
  const nullFd = libc.open('/dev/null', 2 | open.closeOnExec, 0)
  if (nullFd < 0) throw new Error(`/dev/null: ${errorName(libc.errno())}`)
  const ownMask = makeBlock(libc, cpusMax / 8)
  const mask = makeBlock(libc, cpusMax / 8)
  libc.sched_getaffinity(0, cpusMax / 8, ownMask.address)

  const openOutput = (path: string, isAppended: boolean): number => {
    const flags = open.writeOnly | open.create | open.noTerminal | open.closeOnExec
    const start = isAppended ? open.append : open.truncate
    // Non-blocking, so that a FIFO without a reader is an error and not a halt of all lanes.
    const fd = libc.open(path, flags | start | open.nonBlocking, 0o666)
    if (fd >= 0) libc.fcntl(fd, setStatusFlags, isAppended ? open.append : 0)
    return fd
  }
  const why = (what: string): string => `${errorName(libc.errno())}: ${what}`

  return {
    nullFd,
    enter({ cwd, makeCwd }) {
      // mkdir alone does for all but the first task of a tree; EEXIST is the rule in a retry.
      if (makeCwd && libc.mkdir(cwd, 0o777) < 0 && libc.errno() === constants.errno.ENOENT) {
        const refusal = makeTree(cwd)
        if (refusal !== null) return refusal
      }
      return libc.chdir(cwd) < 0 ? why(`working directory ${cwd}`) : null
    },
    open(task, outputs) {
      outputs.stdout = nullFd
      outputs.stderr = nullFd
      if (task.stdout !== null) {
        setAside(task)
        const fd = openOutput(task.stdout, task.append)
        if (fd < 0) return why(`output file ${task.stdout}`)
        outputs.stdout = fd
      }
      if (task.stderr === null) return null
      if (task.stderr === 'stdout' || task.stderr === task.stdout) {
        outputs.stderr = outputs.stdout
        return null
      }
      const fd = openOutput(task.stderr, task.append)
      if (fd < 0) return why(`output file ${task.stderr}`)
      outputs.stderr = fd
      return null
    },
    close({ stdout, stderr }) {
      if (stdout !== nullFd) libc.close(stdout)
      if (stderr !== nullFd && stderr !== stdout) libc.close(stderr)
    },
    bind(cpus) {
      let chosen = ownMask
      if (cpus !== null) {
        mask.bytes.fill(0)
        for (const cpu of cpus) {
          if (cpu < cpusMax) mask.bytes[cpu >> 3] = (mask.bytes[cpu >> 3] ?? 0) | (1 << (cpu & 7))
        }
        chosen = mask
      }
      // Cores that the machine doesn't have are accounted, not bound: a refusal changes nothing.
      libc.sched_setaffinity(0, cpusMax / 8, chosen.address)
    },
  }
}

function makeTree(cwd: string): string | null {
  try {
    mkdirSync(cwd, { recursive: true })
    return null
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'EIO'
    return `${code}: working directory ${cwd}`
  }
}
