// From the records of a job file to what is submitted, one by one, with the line of each so that
// the daemon's refusals can be told with file and line.
import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { Fault, fault } from '../../../protocol/faults.ts'
import type { JobInput } from '../../../protocol/job.ts'
import type { Caller } from '../request/executable.ts'
import { readJobFields } from '../request/fields.ts'
import { nameOf } from '../request/name.ts'
import { type JobFileFormat, recordsOf } from './read.ts'

/** The jobs of a file on their way. */
export interface JobFile {
  /** To be read once. */
  readonly jobs: AsyncGenerator<JobInput, void, undefined>
  /** An error with the place in the file, when it is about one of the jobs. */
  placed(error: unknown): unknown
}

/** Opens a job file; `-` is standard input. `defaults` hold for jobs that say nothing else. */
export function openJobFile(
  path: string,
  format: JobFileFormat,
  defaults: JobInput | null,
  caller: Caller,
): JobFile {
  const file = path === '-' ? 'standard input' : path
  const lines: number[] = []
  return {
    jobs: jobsOf(open(path), file, format, { defaults, caller, lines }),
    placed(error) {
      // The daemon counts the jobs that it was sent.
      if (!(error instanceof Fault) || 'file' in error.facts) return error
      const line = lines[Number(error.facts['line'] ?? Number.NaN) - 1]
      return line === undefined ? error : fault(error.code, { ...error.facts, file, line })
    },
  }
}

function open(path: string): Readable {
  return path === '-' ? process.stdin : createReadStream(path)
}

interface Reading {
  readonly defaults: JobInput | null
  readonly caller: Caller
  readonly lines: number[]
}

async function* jobsOf(
  input: Readable,
  file: string,
  format: JobFileFormat,
  { defaults, caller, lines }: Reading,
): AsyncGenerator<JobInput, void, undefined> {
  let common = defaults
  try {
    for await (const { line, isDefaults, fields } of recordsOf(input, format, file)) {
      const job = placing(file, line, () => readJobFields(fields, caller, common))
      if (isDefaults) common = { name: '', ...job }
      else {
        lines.push(line)
        yield named(job)
      }
    }
  } catch (error) {
    throw readFault(error, file)
  }
}

/** A job without a name is called as its key, its app or its command. */
function named(job: Omit<JobInput, 'name'> & { readonly name?: string }): JobInput {
  const name = job.name || job.key || job.application || nameOf(job.command?.[0] ?? '')
  return { ...job, name }
}

function placing<T>(file: string, line: number, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    throw fault(error.code, { ...error.facts, file, line })
  }
}

function readFault(error: unknown, file: string): unknown {
  if (!(error instanceof Error) || !('syscall' in error)) return error
  return fault('BAD_JOB_FILE', { file, what: error.message })
}
