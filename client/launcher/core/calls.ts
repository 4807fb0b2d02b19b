// Calls of tasks, relayed to the daemon: numbered, answered once, refused while cut off.
// Must never leave a caller without an answer.
import { fault, faultBody } from '../../../protocol/faults.ts'
import type { CallFrame } from '../../../protocol/frames.ts'
import { frameKind } from '../../../protocol/frames.ts'
import type { AnswerHandler } from './ports.ts'

/** Calls under way at once; beyond, the caller is asked to come again. */
const callsMax = 1_000

/** The calls under way. */
export interface Calls {
  call(method: string, path: string, body: string, token: number, answer: AnswerHandler): void
  answered(id: number, status: number, body: string): void
  /** The link broke: whether the daemon did it is unknown, so the callers are told to try again. */
  lost(): void
}

/** No calls yet; `send` says whether the frame went out. */
export function makeCalls(send: (frame: CallFrame) => boolean): Calls {
  const waiting = new Map<number, AnswerHandler>()
  let lastId = 0
  const refuse = (answer: AnswerHandler, what: string): void => {
    const error = fault('DAEMON_UNREACHABLE', { site: '', what })
    answer(error.status, JSON.stringify(faultBody(error)))
  }
  return {
    call(method, path, body, token, answer) {
      if (waiting.size >= callsMax) {
        refuse(answer, 'too many calls at once')
        return
      }
      const id = ++lastId
      waiting.set(id, answer)
      if (send([frameKind.call, id, method, path, body, token])) return
      waiting.delete(id)
      refuse(answer, 'the launcher is not connected')
    },
    answered(id, status, body) {
      const answer = waiting.get(id)
      waiting.delete(id)
      answer?.(status, body)
    },
    lost() {
      const answers = [...waiting.values()]
      waiting.clear()
      for (const answer of answers) refuse(answer, 'the connection broke')
    },
  }
}
