// Calls of running tasks, relayed by their launcher. The token of the task's own lease is its
// right, and only the launcher that holds the lease may relay it.

import { encodeFrame } from '../../protocol/codec.ts'
import { Fault, fault, faultBody } from '../../protocol/faults.ts'
import { type CallFrame, frameKind } from '../../protocol/frames.ts'
import { answerTaskCall } from '../links/task-calls.ts'
import type { Core } from './core.ts'
import type { Session } from './session.ts'

/** Answers a task's call over its launcher's link. */
export function relayCall(core: Core, session: Session, frame: CallFrame): void {
  const [, callId, method, path, body, token] = frame
  answer(core, session, { method, path, body }, token).then(
    (document) => reply(session, callId, 200, document),
    (error: unknown) => {
      const known = error instanceof Fault ? error : bug(core, error)
      reply(session, callId, known.status, faultBody(known))
    },
  )
}

async function answer(
  core: Core,
  session: Session,
  call: { readonly method: string; readonly path: string; readonly body: string },
  token: number,
): Promise<unknown> {
  const job = core.site.leases.get(token)
  if (job === undefined || job.launcher !== session.launcher?.id) {
    throw fault('FORBIDDEN', { what: 'the token is of no running task' })
  }
  return answerTaskCall(session.door.forTask(token), call, core.clock)
}

function bug(core: Core, error: unknown): Fault {
  const what = error instanceof Error ? (error.stack ?? error.message) : String(error)
  core.log.error('a call of a task hit a bug', { error: what })
  return fault('INTERNAL', { what: String(error), log: 'log/balsamd.log' })
}

function reply(session: Session, callId: number, status: number, document: unknown): void {
  if (session.isClosed) return
  session.link.send(encodeFrame([frameKind.answer, callId, status, JSON.stringify(document)]))
}
