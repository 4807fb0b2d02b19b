// The set that the koffi spawner waits on: commands, blocked reports, and one pidfd for each task.
// Must never lose a child: it leaves the set only when it has been reaped.
import type { Running } from '../running.ts'
import type { Libc } from './libc.ts'
import { systemCalls } from './libc.ts'
import type { Block } from './memory.ts'
import { makeBlock } from './memory.ts'

/** A task's leader that has not been reaped. */
export interface Child {
  readonly running: Running
  /** −1 where the kernel has no pidfds (before 5.3). */
  readonly pidfd: number
  /** Its place in the set. */
  index: number
}

/** The set. */
export interface Children {
  add(running: Running): void
  remove(child: Child): void
  byPid(pid: number): Child | undefined
  all(): readonly Child[]
  /** Waits until something happens, or for so long; −1: without end. */
  wait(ms: number): void
  /** A command, or the end of commands. */
  hasCommand(): boolean
  stopCommands(): void
  /** Also wakes when blocked reports may go on. */
  watchOutput(isWatched: boolean): void
  /** Children whose end was seen by the last wait. */
  ended(): readonly Child[]
  hasPidfds(): boolean
}

const pollIn = 1
const pollOut = 4
const eventsMask = 0xffff
/** Entries before the children: fd 0 and fd 1. */
const ownEntries = 2
const entryBytes = 8

/** A set without children. */
export function makeChildren(libc: Libc): Children {
  const children: Child[] = []
  const byPid = new Map<number, Child>()
  let entries = makeBlock(libc, 64 * entryBytes)
  let hasPidfds = probePidfds(libc)

  const set = (index: number, fd: number, events: number): void => {
    entries.words[2 * index] = fd >>> 0
    entries.words[2 * index + 1] = events
  }
  const returned = (index: number): number => (entries.words[2 * index + 1] ?? 0) >>> 16
  set(0, 0, pollIn)
  set(1, -1, 0)

  return {
    add(running) {
      const pidfd = hasPidfds ? libc.syscall(systemCalls.pidfdOpen, running.pid, 0, 0, 0) : -1
      // Out of descriptors: from here on all children are looked at in turn.
      if (pidfd < 0) hasPidfds = false
      const child = { running, pidfd, index: children.length }
      children.push(child)
      byPid.set(running.pid, child)
      const index = ownEntries + child.index
      if ((index + 1) * entryBytes > entries.bytes.length) entries = grown(libc, entries)
      set(index, pidfd, pollIn)
    },
    remove(child) {
      if (child.pidfd >= 0) libc.close(child.pidfd)
      byPid.delete(child.running.pid)
      const last = children.pop()
      if (last === undefined || last === child) return
      children[child.index] = last
      last.index = child.index
      set(ownEntries + last.index, last.pidfd, pollIn)
    },
    byPid: (pid) => byPid.get(pid),
    all: () => children,
    wait(ms) {
      const count = libc.poll(entries.address, ownEntries + children.length, ms)
      // Interrupted by a signal: nothing was seen, and the old answers must not be taken for new.
      if (count < 0) for (let at = 0; at < ownEntries + children.length; at++) forget(entries, at)
    },
    hasCommand: () => returned(0) !== 0,
    stopCommands: () => set(0, -1, 0),
    watchOutput(isWatched) {
      set(1, isWatched ? 1 : -1, isWatched ? pollOut : 0)
    },
    ended: () => children.filter(({ index }) => returned(ownEntries + index) !== 0),
    hasPidfds: () => hasPidfds,
  }
}

function forget(entries: Block, index: number): void {
  entries.words[2 * index + 1] = (entries.words[2 * index + 1] ?? 0) & eventsMask
}

function grown(libc: Libc, entries: Block): Block {
  const larger = makeBlock(libc, entries.bytes.length * 2)
  larger.words.set(entries.words)
  return larger
}

function probePidfds(libc: Libc): boolean {
  const own = libc.syscall(systemCalls.pidfdOpen, process.pid, 0, 0, 0)
  if (own < 0) return false
  libc.close(own)
  return true
}
