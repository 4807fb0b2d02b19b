// The open files that the user's shell allows: its soft limit. Node raises its own at its start,
// and tasks that select() or close all descriptors one by one would suffer from a large one.
import { readFileSync } from 'node:fs'
import { openFilesVariable } from '../../../protocol/allocation-file.ts'

/** The variable for a launcher's environment; none where the limit isn't known. */
export function openFilesOfCaller(): Record<string, string> {
  let text: string
  try {
    text = readFileSync(`/proc/${process.ppid}/limits`, 'utf8')
  } catch {
    return {}
  }
  const soft = /^Max open files\s+(\d+)/m.exec(text)?.[1]
  return soft === undefined ? {} : { [openFilesVariable]: soft }
}
