// Text in lines as it comes. A line break at the end of a chunk or within a character is no matter.
import type { Readable } from 'node:stream'

/** The lines of a stream without their line breaks; a last line without one counts, too. */
export async function* linesOf(input: Readable): AsyncGenerator<string, void, undefined> {
  input.setEncoding('utf8')
  let rest = ''
  for await (const chunk of input) {
    const lines = (rest + String(chunk)).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) yield line.endsWith('\r') ? line.slice(0, -1) : line
  }
  if (rest !== '') yield rest
}
