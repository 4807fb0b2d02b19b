// Job files as records with their lines: JSON lines, YAML, TOML and JSON. A long file is read piece
// by piece, so that 10^6 jobs are never in memory; what can't be read is said with file and line.
import type { Readable } from 'node:stream'
import { linesOf } from './lines.ts'
import { documentRecords, type JobRecord, objectOf, unreadable } from './records.ts'
import { yamlRecords } from './yaml.ts'

/** A way to write jobs. */
export type JobFileFormat = 'jsonl' | 'yaml' | 'toml' | 'json'

/** The format that a file's name tells; JSON lines for any other, and for standard input. */
export function formatOf(path: string): JobFileFormat {
  const ending = /\.(\w+)$/.exec(path)?.[1]?.toLowerCase()
  if (ending === 'yaml' || ending === 'yml') return 'yaml'
  if (ending === 'toml' || ending === 'json') return ending
  return 'jsonl'
}

/** The records of a file. `file` is its name in errors. */
export async function* recordsOf(
  input: Readable,
  format: JobFileFormat,
  file: string,
): AsyncGenerator<JobRecord, void, undefined> {
  if (format === 'jsonl') yield* jsonRecords(input, file)
  else if (format === 'yaml') yield* yamlRecords(input, file)
  else {
    let text = ''
    for await (const line of linesOf(input)) text += `${line}\n`
    yield* documentRecords(await parseWhole(text, format, file), linesOfJobs(text, format), file)
  }
}

async function* jsonRecords(
  input: Readable,
  file: string,
): AsyncGenerator<JobRecord, void, undefined> {
  let line = 0
  for await (const text of linesOf(input)) {
    line += 1
    if (text.trim() !== '') yield { line, isDefaults: false, fields: jsonObject(text, file, line) }
  }
}

function jsonObject(text: string, file: string, line: number): Readonly<Record<string, unknown>> {
  try {
    return objectOf(JSON.parse(text), file, line)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw unreadable(file, line, error.message)
  }
}

async function parseWhole(text: string, format: 'toml' | 'json', file: string): Promise<unknown> {
  try {
    if (format === 'json') return JSON.parse(text)
    // Loaded here only: most calls read no TOML.
    const { parse } = await import('smol-toml')
    return parse(text)
  } catch (error) {
    const { line = 1 } = error as { line?: number }
    const [what = ''] = (error instanceof Error ? error.message : String(error)).split('\n')
    throw unreadable(file, line, what)
  }
}

/** Lines where the jobs of a TOML file begin, in order. */
function linesOfJobs(text: string, format: 'toml' | 'json'): readonly number[] {
  if (format === 'json') return []
  return text
    .split('\n')
    .flatMap((line, index) => (/^\s*\[\[\s*jobs?\s*\]\]/.test(line) ? [index + 1] : []))
}
