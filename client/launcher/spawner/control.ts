// Commands for an orphaned spawner from a launcher that adopted it: lines added to FILE.control.
// Must obey nothing but kills: nobody is there who could hear of anything else.
import { closeSync, openSync, readSync } from 'node:fs'
import { controlFile } from './journal.ts'
import { makeLineSplitter, parseCommand } from './lines.ts'
import type { Command } from './messages.ts'

/** The file's reader. */
export interface Control {
  /** Commands that have been added since the last look. */
  read(): Command[]
}

/** Reads from the beginning: the launcher may have written before this process was orphaned. */
export function makeControl(journalFile: string): Control {
  const splitter = makeLineSplitter()
  const buffer = Buffer.allocUnsafe(64 * 1024)
  let offset = 0
  return {
    read() {
      let fd: number
      try {
        fd = openSync(controlFile(journalFile), 'r')
      } catch {
        return []
      }
      try {
        const length = readSync(fd, buffer, 0, buffer.length, offset)
        offset += length
        const lines = splitter.push(buffer.subarray(0, length))
        return lines.map(parseCommand).filter(({ op }) => op === 'kill')
      } finally {
        closeSync(fd)
      }
    },
  }
}
