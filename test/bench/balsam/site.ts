// A throw-away site with its own daemon, driven by the CLI and the TypeScript client.
// Must share nothing with the user's own sites, settings or daemon.
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Balsam as Client, connect } from '../../../client/sdk/index.ts'
import type { Bench } from '../bench.ts'
import { type Ended, mustRun } from '../measure/programs.ts'
import type { Balsam as Programs } from './balsam.ts'

/** One site, its daemon running. */
export interface Site {
  readonly directory: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** The daemon as it is now; a restart makes a new one. */
  daemon(): Daemon
  /** Runs `balsam ARGS`. Throws when it does not exit 0. */
  balsam(...args: string[]): Promise<Ended>
  /** Runs `balsamd start` and connects; returns when the daemon answered. */
  start(): Promise<Daemon>
  /** Kills the daemon as a power cut would, and waits until it is gone. */
  kill(): Promise<void>
  /** Stops the daemon and removes the site. */
  close(): Promise<void>
}

/** A running daemon. */
export interface Daemon {
  readonly pid: number
  readonly client: Client
}

/** Makes a site under the scratch directory and starts its daemon. */
export async function openSite(bench: Bench, name: string): Promise<Site> {
  const programs = builtPrograms(bench)
  const home = join(bench.scratch, name)
  const directory = join(home, 'site')
  mkdirSync(home)
  const env = { ...process.env, ...ownEnvironment(home, directory) }
  const options = { env, cwd: home }
  await mustRun(programs.balsam, ['init', directory], options)
  let running: Daemon | undefined

  function daemon(): Daemon {
    if (running === undefined) throw new Error('the daemon is not running')
    return running
  }

  async function start(): Promise<Daemon> {
    await mustRun(programs.balsamd, ['start'], options)
    const client = connect(directory, { env })
    const status = await client.status()
    bench.fact(`Balsam ${status.version}: SQLite by ${status.driver}, ${status.journal_mode}`)
    running = { pid: status.pid, client }
    return running
  }
  await start()
  return {
    directory,
    env,
    daemon,
    start,
    balsam: (...args) => mustRun(programs.balsam, args, options),
    async kill() {
      const { pid, client } = daemon()
      client.close()
      process.kill(pid, 'SIGKILL')
      while (isAlive(pid)) await sleep(1)
      running = undefined
    },
    async close() {
      running?.client.close()
      await mustRun(programs.balsamd, ['stop'], options)
      rmSync(home, { recursive: true })
    },
  }
}

function builtPrograms({ balsam }: Bench): Programs {
  if ('missing' in balsam) throw new Error(balsam.missing)
  return balsam
}

function ownEnvironment(home: string, directory: string): Record<string, string> {
  return {
    BALSAM_SITE: directory,
    // A daemon that died must be seen, not quietly replaced by the next command.
    BALSAM_NO_AUTOSTART: '1',
    XDG_CONFIG_HOME: join(home, 'config'),
    XDG_STATE_HOME: join(home, 'state'),
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
