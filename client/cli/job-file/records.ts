// What job files hold: records of fields with their lines, and what a document must look like.
import { fault } from '../../../protocol/faults.ts'

/** Fields of one job, and the line where they begin. */
export interface JobRecord {
  readonly line: number
  /** True for the fields that every job of the file has. */
  readonly isDefaults: boolean
  readonly fields: Readonly<Record<string, unknown>>
}

/** A whole document: a list of jobs, or a mapping with `jobs` and `defaults`. */
export function* documentRecords(
  document: unknown,
  lines: readonly number[],
  file: string,
): Generator<JobRecord, void, undefined> {
  let jobs: unknown = document
  if (!Array.isArray(document)) {
    const { defaults, jobs: found, job, ...others } = objectOf(document, file, 1)
    const [unknown] = Object.keys(others)
    if (unknown !== undefined)
      throw unreadable(file, 1, `beside jobs and defaults stands ${unknown}`)
    if (defaults !== undefined)
      yield { line: 1, isDefaults: true, fields: objectOf(defaults, file, 1) }
    jobs = found ?? job
  }
  if (!Array.isArray(jobs)) throw unreadable(file, 1, 'there is no list of jobs')
  for (const [index, each] of jobs.entries()) {
    const line = lines[index] ?? 1
    yield { line, isDefaults: false, fields: objectOf(each, file, line) }
  }
}

/** A mapping; BAD_JOB_FILE for anything else. */
export function objectOf(
  value: unknown,
  file: string,
  line: number,
): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  throw unreadable(file, line, 'a job is a mapping of fields to values')
}

/** The fault of a file that can't be read. */
export function unreadable(file: string, line: number, what: string): Error {
  return fault('BAD_JOB_FILE', { file, line, what })
}
