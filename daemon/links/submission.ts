// A submission streams in as NDJSON: cut into lines, checked, handed on in slices with
// back-pressure. Must never block the event loop for long, and never let half a submission be
// accepted.
import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { FaultFacts } from '../../protocol/faults.ts'
import { Fault, fault } from '../../protocol/faults.ts'
import type { SubmissionReceipt, SubmittedRequest } from '../../protocol/job.ts'
import { limits } from '../../protocol/limits.ts'
import type { Clock } from '../../protocol/ports.ts'
import { checkJobRequest, jobsOf } from '../../protocol/validation/job-request.ts'
import { parseJson } from '../../protocol/validation/parse.ts'
import { chunksOf } from './body.ts'
import type { Door, SubmissionWriter } from './door.ts'
import { lineCutter } from './lines.ts'

/**
 * Takes a whole submission; resolves when it is durable. Any fault means that nothing was
 * accepted.
 */
export async function receiveSubmission(
  door: Pick<Door, 'beginSubmission'>,
  request: IncomingMessage,
  key: string | null,
  clock: Clock,
): Promise<SubmissionReceipt> {
  const writer = door.beginSubmission(key)
  try {
    return await transfer(writer, request, clock)
  } catch (error) {
    writer.abandon()
    throw error
  }
}

async function transfer(
  writer: SubmissionWriter,
  request: IncomingMessage,
  clock: Clock,
): Promise<SubmissionReceipt> {
  const hash = createHash('sha256')
  const cutter = lineCutter()
  const intake = submissionIntake(writer, clock)
  for await (const chunk of chunksOf(request)) {
    hash.update(chunk)
    await intake.take(cutter.push(chunk))
  }
  await intake.take(cutter.end())
  await intake.end()
  return await writer.finish(hash.digest('hex'))
}

/** Checks lines and pushes them in slices. */
export interface SubmissionIntake {
  take(lines: readonly string[]): Promise<void>
  /** Pushes what is left. BAD_REQUEST when there was no request at all. */
  end(): Promise<void>
}

/** An intake that numbers lines from 1 and skips blank ones. */
export function submissionIntake(writer: SubmissionWriter, clock: Clock): SubmissionIntake {
  let slice: SubmittedRequest[] = []
  let lineOfSlice: number[] = []
  let characters = 0
  let line = 0
  let jobs = 0

  const flush = async (): Promise<void> => {
    const requests = slice
    const lines = lineOfSlice
    slice = []
    lineOfSlice = []
    characters = 0
    try {
      await writer.push(requests)
    } catch (error) {
      throw placed(error, lines)
    }
  }
  const add = (text: string): void => {
    const request = checkLine(text, line)
    jobs += jobsOf(request)
    if (jobs > limits.submissionJobsMax) {
      const max = limits.submissionJobsMax
      throw fault('TOO_MANY', { what: 'jobs in one submission', count: jobs, max, line })
    }
    slice.push(request)
    lineOfSlice.push(line)
    characters += text.length
  }

  return {
    async take(lines) {
      for (const text of lines) {
        line += 1
        if (text.trim() === '') continue
        add(text)
        if (slice.length < limits.submissionSliceJobs && characters < sliceCharactersMax) continue
        await flush()
        await pause(clock)
      }
    },
    async end() {
      if (jobs === 0) throw fault('BAD_REQUEST', { what: 'the submission holds no job' })
      if (slice.length > 0) await flush()
    },
  }
}

/** A slice of long lines ends earlier: about what is parsed in 5 ms. */
const sliceCharactersMax = 1024 * 1024

/** Lets whatever else has arrived be handled before the next slice. */
function pause(clock: Clock): Promise<void> {
  return new Promise((resolve) => clock.soon(resolve))
}

function checkLine(text: string, line: number): SubmittedRequest {
  try {
    return checkJobRequest(parseJson(text))
  } catch (error) {
    throw withLine(error, line)
  }
}

/** The core names a request by its place in the slice; the user wants the line. */
function placed(error: unknown, lines: readonly number[]): unknown {
  if (!(error instanceof Fault)) return error
  const line = lines[Number(error.facts['index'] ?? Number.NaN)]
  return line === undefined ? error : withLine(error, line)
}

function withLine(error: unknown, line: number): unknown {
  if (!(error instanceof Fault)) return error
  const facts: FaultFacts = { ...error.facts, line }
  return fault(error.code, facts)
}
