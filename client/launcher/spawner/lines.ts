// Lines out of chunks of bytes, and commands out of lines.
// Must never decode half a character: lines are cut as bytes.
import { limits } from '../../../protocol/limits.ts'
import type { Command } from './messages.ts'

const newline = 10

/** Cuts a stream into lines. */
export interface LineSplitter {
  /** The lines that this chunk completes. Throws when one exceeds limits.spawnerLineBytesMax. */
  push(chunk: Buffer): string[]
}

/** A splitter at the beginning of a stream. */
export function makeLineSplitter(): LineSplitter {
  let parts: Buffer[] = []
  let waitingBytes = 0
  return {
    push(chunk) {
      const lines: string[] = []
      let start = 0
      for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
        const tail = chunk.subarray(start, end)
        lines.push((parts.length === 0 ? tail : Buffer.concat([...parts, tail])).toString('utf8'))
        parts = []
        waitingBytes = 0
        start = end + 1
      }
      if (start < chunk.length) {
        // The caller reads into the same buffer again.
        parts.push(Buffer.from(chunk.subarray(start)))
        waitingBytes += chunk.length - start
        if (waitingBytes > limits.spawnerLineBytesMax) throw new Error('a line is too long')
      }
      return lines
    },
  }
}

/** A command. The other end is of the same build, so only tasks are checked, one by one. */
export function parseCommand(line: string): Command {
  return JSON.parse(line) as Command
}
