// Starting, stopping and restarting a site's daemon from the command line.
// Must never kill: a daemon that doesn't stop is named with its pid.
import { Fault, fault } from '../../protocol/faults.ts'
import { limits } from '../../protocol/limits.ts'
import type { ServerFile } from '../../protocol/site-files.ts'
import { exchange, jsonOf } from '../sdk/exchange.ts'
import type { Environment } from '../sdk/find-site.ts'
import { isAlive } from '../sdk/host.ts'
import { connectionPool } from '../sdk/http/connection.ts'
import { rememberSite } from '../sdk/known-sites.ts'
import { type Found, lookForDaemon, reachDaemon } from '../sdk/reach.ts'
import { realClock } from './ports/clock.ts'
import { settingsFor } from './settings-files.ts'

/** Starts the daemon unless one serves; resolves when one does. */
export async function startDaemonOf(
  site: string,
  env: Environment,
): Promise<{ readonly server: ServerFile; readonly wasRunning: boolean }> {
  const wasRunning = lookForDaemon(site).is === 'alive'
  const server = await reachDaemon(site, { env, mayStart: true })
  await rememberSite(site, env)
  return { server, wasRunning }
}

/**
 * Stops and starts. Settings that the new one would refuse are refused before the old one is
 * stopped. Resolves to the new one's record, and whether there was an old one.
 */
export async function restartDaemonOf(
  site: string,
  env: Environment,
): Promise<{ readonly server: ServerFile; readonly wasRunning: boolean }> {
  await settingsFor(site, env)
  const wasRunning = await stopDaemonOf(site, 'restart')
  return { server: (await startDaemonOf(site, env)).server, wasRunning }
}

/** Throws DAEMON_ELSEWHERE: what runs on another host is nobody's to judge from here. */
export function refuseElsewhere(found: Found): void {
  if (found.is !== 'elsewhere') return
  throw fault('DAEMON_ELSEWHERE', { host: found.server.host, pid: found.server.pid })
}

/**
 * Asks the daemon to stop and waits until its process is gone. False when none ran.
 * 'stop' ends the site's local allocations, 'restart' leaves them running.
 */
export async function stopDaemonOf(site: string, mode: 'stop' | 'restart'): Promise<boolean> {
  const found = lookForDaemon(site)
  refuseElsewhere(found)
  if (found.is !== 'alive') return false
  const pool = connectionPool()
  try {
    const body = JSON.stringify({ mode })
    const call = { method: 'POST', path: '/v1/stop', body, silenceMsMax: null } as const
    await jsonOf(await exchange(found.server.socket, pool, call))
  } catch (error) {
    // It may end before its answer is read; what counts is that it goes.
    if (error instanceof Fault) throw error
  } finally {
    pool.close()
  }
  await gone(site, found.server)
  return true
}

async function gone(site: string, server: ServerFile): Promise<void> {
  const deadline = realClock.monotonicMs() + limits.daemonStopMsMax
  while (isAlive(server)) {
    if (realClock.monotonicMs() > deadline) {
      const what = `process ${server.pid} has not ended after ${limits.daemonStopMsMax / 1000} s`
      throw fault('DAEMON_UNREACHABLE', { site, what })
    }
    await realClock.sleep(10)
  }
}
