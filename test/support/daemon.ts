// A site's daemon from outside: who it is, whether it lives, and its sudden end.
// Must never signal anything but the process that server.json names, while it is that one.
import { isAlive } from '../../client/sdk/host.ts'
import { readServer } from '../../client/sdk/site.ts'
import type { ServerFile } from '../../protocol/site-files.ts'
import { processesWhere } from './processes.ts'
import { until } from './until.ts'

/** The record of the daemon that serves a site; undefined when none lives. */
export function livingDaemon(site: string): ServerFile | undefined {
  const server = readServer(site)
  return server !== undefined && isAlive(server) ? server : undefined
}

/** The same, where there has to be one. */
export function daemonOf(site: string): ServerFile {
  const server = livingDaemon(site)
  if (server === undefined) throw new Error(`no daemon serves ${site}`)
  return server
}

/** Signals the daemon and resolves when its process is gone. */
export async function endDaemon(site: string, signal: NodeJS.Signals): Promise<void> {
  const server = daemonOf(site)
  process.kill(server.pid, signal)
  await until(`the daemon is gone after ${signal}`, () => !isAlive(server))
}

/** Pids of every daemon process that was started for this directory, serving or not. */
export function daemonProcesses(site: string): readonly number[] {
  return processesWhere(({ command }) => {
    const at = command.indexOf('--site')
    return at > 0 && command[at - 1] === 'run' && command[at + 1] === site
  }).map(({ pid }) => pid)
}
