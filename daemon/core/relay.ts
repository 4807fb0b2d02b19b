// Calls of running tasks, relayed by their launcher. The token of the task's own lease is its
// right:
// it may look at its own job and ask for nothing else.

import { paths } from '../../protocol/calls.ts'
import { encodeFrame } from '../../protocol/codec.ts'
import { Fault, fault, faultBody } from '../../protocol/faults.ts'
import { type CallFrame, frameKind } from '../../protocol/frames.ts'
import type { Core } from './core.ts'
import { readJob } from './reads.ts'
import type { Session } from './session.ts'

/** Answers a task's call over its launcher's link. */
export function relayCall(core: Core, session: Session, frame: CallFrame): void {
  const [, callId, method, path, , token] = frame
  answer(core, session, method, path, token).then(
    (document) => reply(session, callId, 200, document),
    (error: unknown) => {
      const known =
        error instanceof Fault
          ? error
          : fault('INTERNAL', { what: String(error), log: 'log/balsamd.log' })
      reply(session, callId, known.status, faultBody(known))
    },
  )
}

async function answer(
  core: Core,
  session: Session,
  method: string,
  path: string,
  token: number,
): Promise<object> {
  const job = core.site.leases.get(token)
  if (job === undefined || job.launcher !== session.launcher?.id) {
    throw fault('FORBIDDEN', { what: 'the token is not that of a running task' })
  }
  if (method === 'GET' && path === `${paths.job}${job.id}`) return readJob(core, String(job.id))
  throw fault('FORBIDDEN', { what: `${method} ${path} is not open to the task of job ${job.id}` })
}

function reply(session: Session, callId: number, status: number, document: object): void {
  if (session.isClosed) return
  session.link.send(encodeFrame([frameKind.answer, callId, status, JSON.stringify(document)]))
}
