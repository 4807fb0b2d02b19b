// Calls to one site's daemon over connections that are kept, through restarts of the daemon.
// Must never repeat a call that may have had its effect, unless repeating it is harmless.
import { Fault, fault } from '../../protocol/faults.ts'
import { limits } from '../../protocol/limits.ts'
import type { ServerFile } from '../../protocol/site-files.ts'
import { realClock } from '../cli/ports/clock.ts'
import type { Exchange } from './exchange.ts'
import { exchange, jsonOf, linesOf } from './exchange.ts'
import type { Environment } from './find-site.ts'
import type { HttpAnswer } from './http/connection.ts'
import { connectionPool, TransportFailure } from './http/connection.ts'
import { lookForDaemon, reachDaemon } from './reach.ts'
import { type TaskLink, taskLink } from './task-link.ts'

/** One call, and whether it may be sent again when nobody knows if it was heard. */
export interface Call extends Exchange {
  readonly isRepeatable: boolean
}

/** The daemon of one site, as callers see it. */
export interface Session {
  /** Absolute path of the site. */
  readonly site: string
  /** The answer's JSON document. */
  call<T>(call: Call): Promise<T>
  /** The documents of an NDJSON answer; begun anew when the daemon restarts in between. */
  stream<T>(call: Call): AsyncGenerator<T, void, undefined>
  close(): void
}

/** Opens a session; connects with the first call. */
export function openSession(site: string, env: Environment): Session {
  const pool = connectionPool()
  const task = taskLink(site, env)
  let known: ServerFile | undefined
  let wasServed = false

  async function server(): Promise<ServerFile> {
    if (known !== undefined) return known
    // Nearly always it runs: its record is tried at once, and looked into only when that fails.
    const found = lookForDaemon(site)
    if (found.is === 'alive') known = found.server
    // Stopped in order after we had talked to it: somebody wants it stopped, or restarts it.
    else if (found.is === 'absent' && wasServed) known = await returned(site)
    else known = await reachDaemon(site, { env, mayStart: false })
    return known
  }

  /** Runs `use` on the answer, and all of it again after a failure where that may be done. */
  async function* send<T>(
    call: Call,
    use: (answer: HttpAnswer) => AsyncGenerator<T, void, undefined>,
  ): AsyncGenerator<T, void, undefined> {
    let attempt = 0
    for (;;) {
      try {
        const socket = task === undefined ? (await server()).socket : task.socket()
        const answer = await exchange(socket, pool, withRight(call, task))
        wasServed = true
        for await (const item of use(answer)) {
          attempt = 0
          yield item
        }
        return
      } catch (error) {
        known = undefined
        if (call.signal?.aborted === true) throw error
        const again = mayRepeat(call, error, task !== undefined)
        if (!again || attempt >= limits.callRetriesMax) throw asFault(error, site)
        attempt += 1
        await realClock.sleep(Math.min(1_000, 20 * 2 ** attempt), call.signal)
      }
    }
  }

  return {
    site,
    stream: <T>(call: Call) => send<T>(call, linesOf<T>),
    async call<T>(call: Call): Promise<T> {
      for await (const answer of send<T>(call, oneDocument)) return answer
      throw new TransportFailure('there was no answer', true)
    },
    close: () => pool.close(),
  }
}

async function* oneDocument<T>(answer: HttpAnswer): AsyncGenerator<T, void, undefined> {
  yield await jsonOf<T>(answer)
}

/** A task's calls carry its token. */
function withRight(call: Call, task: TaskLink | undefined): Call {
  if (task === undefined) return call
  return { ...call, headers: { ...call.headers, authorization: task.authorization } }
}

/**
 * A daemon that is stopping took nothing; a lost connection may have carried the call. A launcher
 * says that the daemon is not there, when it is about to be again.
 */
function mayRepeat(call: Call, error: unknown, isTask: boolean): boolean {
  if (error instanceof Fault) {
    const isAway = isTask && call.isRepeatable && error.code === 'DAEMON_UNREACHABLE'
    return error.code === 'DRAINING' || isAway
  }
  return error instanceof TransportFailure && (call.isRepeatable || !error.wasSent)
}

function asFault(error: unknown, site: string): unknown {
  if (!(error instanceof TransportFailure)) return error
  const what = error.wasSent ? `${error.message}; whether it was done is not known` : error.message
  return fault('DAEMON_UNREACHABLE', { site, what })
}

/** Waits for a daemon that somebody else brings back. */
async function returned(site: string): Promise<ServerFile> {
  const deadline = realClock.monotonicMs() + limits.daemonReturnMsMax
  while (realClock.monotonicMs() < deadline) {
    const found = lookForDaemon(site)
    if (found.is !== 'absent') return await reachDaemon(site, { env: {}, mayStart: true })
    await realClock.sleep(20)
  }
  throw fault('DAEMON_UNREACHABLE', { site, what: 'it was stopped' })
}
