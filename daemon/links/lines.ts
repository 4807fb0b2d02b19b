// Cuts a byte stream into lines, many at a time, because decoding a line alone costs four times as
// much. Must never hold more than one unfinished line, and that one within
// limits.submissionLineBytesMax.
import { isUtf8 } from 'node:buffer'
import { fault } from '../../protocol/faults.ts'
import { limits } from '../../protocol/limits.ts'

const newline = 10

/** Collects bytes and gives whole lines. Line numbers count from 1. */
export interface LineCutter {
  /** Takes bytes; returns the lines that are now complete, without their line breaks. */
  push(chunk: Buffer): readonly string[]
  /** The line after the last line break; none when there is nothing. */
  end(): readonly string[]
}

/** A cutter for one stream. Its faults carry the fact `line`. */
export function lineCutter(): LineCutter {
  let rest: Buffer[] = []
  let restBytes = 0
  let lines = 0

  const decode = (bytes: Buffer): readonly string[] => {
    if (!isUtf8(bytes)) {
      throw fault('BAD_FIELD', { field: 'text', what: 'is not UTF-8', line: badLine(bytes, lines) })
    }
    const cut = bytes.toString('utf8').split('\n')
    lines += cut.length
    return cut
  }
  const keep = (bytes: Buffer): void => {
    restBytes += bytes.length
    if (restBytes > limits.submissionLineBytesMax) {
      const count = restBytes
      const max = limits.submissionLineBytesMax
      throw fault('TOO_MANY', { what: 'bytes in one line', count, max, line: lines + 1 })
    }
    if (bytes.length > 0) rest.push(bytes)
  }

  return {
    push(chunk) {
      const last = chunk.lastIndexOf(newline)
      if (last < 0) {
        keep(chunk)
        return []
      }
      const head = chunk.subarray(0, last)
      const first = head.indexOf(newline)
      keep(first < 0 ? head : head.subarray(0, first))
      const tail = first < 0 ? [] : [head.subarray(first)]
      const whole =
        tail.length + rest.length === 1 ? (rest[0] ?? head) : Buffer.concat([...rest, ...tail])
      rest = []
      restBytes = 0
      const found = decode(whole)
      keep(chunk.subarray(last + 1))
      return found
    },
    end() {
      if (restBytes === 0) return []
      const whole = Buffer.concat(rest)
      rest = []
      restBytes = 0
      return decode(whole)
    },
  }
}

/** Number of the first line that is not UTF-8. */
function badLine(bytes: Buffer, linesBefore: number): number {
  let line = linesBefore + 1
  let from = 0
  for (;;) {
    const at = bytes.indexOf(newline, from)
    const end = at < 0 ? bytes.length : at
    if (!isUtf8(bytes.subarray(from, end)) || at < 0) return line
    line += 1
    from = at + 1
  }
}
