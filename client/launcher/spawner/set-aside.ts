// The output of an earlier attempt, kept under another name before a new one writes its own.
// Must never touch what is no plain file: /dev/null is an output, too.
import { existsSync, lstatSync, renameSync } from 'node:fs'
import type { Task } from './messages.ts'

/** Renames FILE to FILE.N for attempt N, once. What can't be renamed is written over. */
export function setAside({ stdout, append, earlier }: Task): void {
  if (earlier === undefined || stdout === null || append) return
  const kept = `${stdout}.${earlier}`
  try {
    // A start that was tried before has done it already, and made a new file.
    if (lstatSync(stdout).isFile() && !existsSync(kept)) renameSync(stdout, kept)
  } catch {
    // There is none, or the directory forbids it: the task itself matters more.
  }
}
