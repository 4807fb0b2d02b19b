// How a running task reaches its site: with the right of its own attempt, over the daemon's socket
// where that is on this host, else through its launcher's. Must never use the token elsewhere.
import { taskMarkerVariable } from '../../protocol/allocation-file.ts'
import type { Environment } from './find-site.ts'
import { lookForDaemon } from './reach.ts'
import { readSite } from './site.ts'

/** A task's way to its daemon. */
export interface TaskLink {
  /** What goes into `authorization`. */
  readonly authorization: string
  /** The socket to call now. */
  socket(): string
}

/** The way of the task that this environment is of; undefined outside, or for another site. */
export function taskLink(site: string, env: Environment): TaskLink | undefined {
  const token = env['BALSAM_TASK_TOKEN'] ?? ''
  const relay = env['BALSAM_SOCKET'] ?? ''
  const siteId = (env[taskMarkerVariable] ?? '').split(':')[0]
  if (!/^\d{1,15}$/.test(token) || relay === '' || siteId !== readSite(site)?.siteId) {
    return undefined
  }
  return {
    authorization: `Bearer ${token}`,
    socket() {
      const found = lookForDaemon(site)
      return found.is === 'alive' ? found.server.socket : relay
    },
  }
}
