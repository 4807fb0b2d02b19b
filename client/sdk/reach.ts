// Finds the site's daemon, and starts one when none runs and nothing forbids it.
// Must never judge a daemon of another host by its pid, and never start where tasks run.

import { allocationMarkerVariable, taskMarkerVariable } from '../../protocol/allocation-file.ts'
import { fault } from '../../protocol/faults.ts'
import { limits } from '../../protocol/limits.ts'
import type { ServerFile } from '../../protocol/site-files.ts'
import { realClock } from '../cli/ports/clock.ts'
import { exchange, jsonOf } from './exchange.ts'
import type { Environment } from './find-site.ts'
import { isAlive, isThisHost } from './host.ts'
import { connectionPool } from './http/connection.ts'
import { readServer } from './site.ts'
import { startDaemon } from './start-daemon.ts'

/** What reaching a daemon may do. */
export interface ReachOptions {
  readonly env: Environment
  /** Start one when none runs. `balsamd start` always may; others unless forbidden. */
  readonly mayStart: boolean
}

/** What stands at a site: nobody, a daemon on another host, a dead one's record, or a live one. */
export type Found =
  | { readonly is: 'absent' }
  | { readonly is: 'elsewhere'; readonly server: ServerFile }
  | { readonly is: 'dead'; readonly server: ServerFile }
  | { readonly is: 'alive'; readonly server: ServerFile }

/** Looks, without talking to anybody. */
export function lookForDaemon(directory: string): Found {
  const server = readServer(directory)
  if (server === undefined) return { is: 'absent' }
  if (!isThisHost(server)) return { is: 'elsewhere', server }
  return { is: isAlive(server) ? 'alive' : 'dead', server }
}

/** Why this environment forbids to start a daemon; undefined when it doesn't. */
export function autostartBar(env: Environment): string | undefined {
  if (env['BALSAM_NO_AUTOSTART'] === '1') return 'BALSAM_NO_AUTOSTART=1'
  return insideOf(env)
}

/** Where a daemon has no business to be started by itself: it would end with the allocation. */
export function insideOf(env: Environment): string | undefined {
  if ((env[taskMarkerVariable] ?? '') !== '') return 'being inside a task'
  if ((env[allocationMarkerVariable] ?? '') !== '') return 'being inside an allocation'
  return undefined
}

/**
 * The record of a daemon that serves; starts one where that is needed and allowed. Faults:
 * DAEMON_ELSEWHERE, AUTOSTART_FORBIDDEN, DAEMON_START_FAILED, DAEMON_UNREACHABLE.
 */
export async function reachDaemon(directory: string, options: ReachOptions): Promise<ServerFile> {
  const deadline = realClock.monotonicMs() + limits.daemonStartMsMax
  for (;;) {
    const found = lookForDaemon(directory)
    if (found.is === 'elsewhere') throw elsewhere(found.server)
    if (found.is === 'alive') {
      if (await isServing(found.server.socket)) return found.server
      // It is just stopping, or stuck: after a while it is said, never killed.
      if (realClock.monotonicMs() > deadline) throw silent(directory, found.server)
      await realClock.sleep(pollMs)
      continue
    }
    const bar = options.mayStart ? undefined : autostartBar(options.env)
    if (bar !== undefined) throw fault('AUTOSTART_FORBIDDEN', { why: bar })
    return await startDaemon(directory, options.env, {
      deadline,
      served: () => servedBy(directory),
    })
  }
}

/** Does a daemon answer at this socket? */
export async function isServing(socket: string): Promise<boolean> {
  const pool = connectionPool()
  try {
    await jsonOf(await exchange(socket, pool, { method: 'GET', path: '/v1/status' }))
    return true
  } catch {
    return false
  } finally {
    pool.close()
  }
}

async function servedBy(directory: string): Promise<ServerFile | undefined> {
  const found = lookForDaemon(directory)
  if (found.is === 'elsewhere') throw elsewhere(found.server)
  return found.is === 'alive' && (await isServing(found.server.socket)) ? found.server : undefined
}

const pollMs = 20

function elsewhere(server: ServerFile): Error {
  return fault('DAEMON_ELSEWHERE', { host: server.host, pid: server.pid })
}

function silent(site: string, server: ServerFile): Error {
  const seconds = limits.daemonStartMsMax / 1000
  return fault('DAEMON_UNREACHABLE', {
    site,
    what: `process ${server.pid} lives but does not answer since ${seconds} s`,
  })
}
