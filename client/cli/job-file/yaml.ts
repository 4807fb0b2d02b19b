// Job files in YAML, some hundred jobs at a time: the list of jobs is cut at its dashes, because
// parsing a whole file of 10^6 jobs would take gigabytes. Anchors reach as far as one piece.
import type { Readable } from 'node:stream'
import { linesOf } from './lines.ts'
import { documentRecords, type JobRecord, objectOf, unreadable } from './records.ts'

/** Lines parsed at once. */
const pieceLines = 2_000

/** Some items of the list, and where they stand. */
interface Piece {
  readonly text: string
  readonly line: number
  /** Line of each item. */
  readonly items: readonly number[]
}

/** The records of a YAML file. */
export async function* yamlRecords(
  input: Readable,
  file: string,
): AsyncGenerator<JobRecord, void, undefined> {
  const { parseDocument } = await import('yaml')
  const parse = (piece: Piece): unknown => {
    const document = parseDocument(piece.text, { prettyErrors: false })
    const [error] = document.errors
    if (error === undefined) return document.toJS()
    const line = piece.line + piece.text.slice(0, error.pos[0]).split('\n').length - 1
    throw unreadable(file, line, error.message)
  }

  let isFirst = true
  for await (const piece of piecesOf(linesOf(input))) {
    const value = parse(piece)
    if (isFirst && piece.items.length === 0) {
      // A flow list, or a mapping whose `jobs` come in the pieces behind it.
      if (value === null) continue
      if (!Array.isArray(value) && objectOf(value, file, 1)['jobs'] === null) {
        const { jobs: _, ...others } = objectOf(value, file, 1)
        yield* documentRecords({ ...others, jobs: [] }, [], file)
      } else yield* documentRecords(value, [], file)
      isFirst = false
      continue
    }
    isFirst = false
    if (!Array.isArray(value)) throw unreadable(file, piece.line, 'the list of jobs must come last')
    for (const [index, each] of value.entries()) {
      const line = piece.items[index] ?? piece.line
      yield { line, isDefaults: false, fields: objectOf(each, file, line) }
    }
  }
}

/** What stands before the first dash, then the items; a line of the same depth begins an item. */
async function* piecesOf(lines: AsyncIterable<string>): AsyncGenerator<Piece, void, undefined> {
  let dash: string | null = null
  let piece = { lines: [] as string[], line: 1, items: [] as number[] }
  let number = 0
  const take = (): Piece => {
    const { lines: found, line, items } = piece
    piece = { lines: [], line: number, items: [] }
    return { text: found.join('\n'), line, items }
  }
  for await (const line of lines) {
    number += 1
    dash ??= dashOf(line)
    if (dash !== null && (line.startsWith(`${dash} `) || line === dash)) {
      const isHead = piece.items.length === 0 && piece.lines.length > 0
      if (isHead || piece.lines.length >= pieceLines) yield take()
      if (piece.lines.length === 0) piece.line = number
      piece.items.push(number)
    }
    piece.lines.push(line)
  }
  if (piece.lines.length > 0) yield take()
}

/** Indent and dash of a list's first item. */
function dashOf(line: string): string | null {
  return /^( *-)(?: |$)(?!-)/.exec(line)?.[1] ?? null
}
