// Calls of tasks that come over their launcher's link: the same language as over HTTP, but one
// document to an answer. Submissions come whole, and a wait answers with where it stands.
import { createHash } from 'node:crypto'
import { paths, type WaitProgress } from '../../protocol/calls.ts'
import { fault } from '../../protocol/faults.ts'
import type { JobFilter, SubmissionReceipt } from '../../protocol/job.ts'
import { limits } from '../../protocol/limits.ts'
import type { Clock } from '../../protocol/ports.ts'
import { readJobQuery } from '../../protocol/validation/filter.ts'
import { parseJson } from '../../protocol/validation/parse.ts'
import { answerCall } from './calls.ts'
import type { Door } from './door.ts'
import { submissionIntake } from './submission.ts'

/** A call as a launcher relays it. */
export interface TaskCall {
  readonly method: string
  /** Path with query; a submission's idempotency key is the query's `key`. */
  readonly path: string
  readonly body: string
}

/** Answers a relayed call through a task's door. Rejects with a Fault. */
export async function answerTaskCall(door: Door, call: TaskCall, clock: Clock): Promise<unknown> {
  const url = URL.parse(call.path, 'http://balsamd')
  if (url === null) throw fault('BAD_REQUEST', { what: 'the URL is malformed' })
  const { method, body } = call
  const { pathname: path, searchParams: query } = url
  if (method === 'POST' && path === paths.submissions)
    return submit(door, body, query.get('key'), clock)
  if (method === 'GET' && path === paths.wait) return look(door, readJobQuery(query).filter, clock)
  const value = method === 'GET' || body.trim() === '' ? {} : parseJson(body)
  return answerCall(door, { method, path, query, body: value })
}

async function submit(
  door: Door,
  body: string,
  key: string | null,
  clock: Clock,
): Promise<SubmissionReceipt> {
  const writer = door.beginSubmission(key)
  try {
    const intake = submissionIntake(writer, clock)
    await intake.take(body.split('\n'))
    await intake.end()
    return await writer.finish(createHash('sha256').update(body).digest('hex'))
  } catch (error) {
    writer.abandon()
    throw error
  }
}

/** The end of a wait, or how far it is after a while: the caller asks again. */
function look(door: Door, filter: JobFilter, clock: Clock): Promise<WaitProgress> {
  return new Promise((resolve, reject) => {
    let latest: WaitProgress | null = null
    const answer = (): void => {
      timer.cancel()
      cancel()
      if (latest === null) reject(fault('DAEMON_UNREACHABLE', { site: '', what: 'it is busy' }))
      else resolve(latest)
    }
    const timer = clock.after(limits.taskWaitMsMax, answer)
    const cancel = door.wait(filter, {
      onProgress(progress) {
        latest = progress
        if (progress.is_done) clock.soon(answer)
      },
      onFault(error) {
        timer.cancel()
        reject(error instanceof Error ? error : new Error(String(error)))
      },
    })
  })
}
