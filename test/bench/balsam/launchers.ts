// Starts `balsam launcher …` as a user does, and waits until its launchers are connected.
// Must see them connected before anything is timed: start-up is not throughput.
import { spawn } from 'node:child_process'
import { existsSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Bench } from '../bench.ts'
import { endProgram } from '../measure/programs.ts'
import type { Site } from './site.ts'

/** Time that the slowest start may take: 48 launchers on two cores. */
const connectMsMax = 30_000

/** A running `balsam launcher`. */
export interface Launched {
  end(): Promise<void>
}

/** Runs `balsam launcher ARGS`; resolves when `count` launchers are connected. */
export async function launch(
  bench: Bench,
  site: Site,
  count: number,
  ...args: string[]
): Promise<Launched> {
  if ('missing' in bench.balsam) throw new Error(bench.balsam.missing)
  const log = join(site.directory, '../launcher.log')
  const sink = openSync(log, 'a')
  const child = spawn(bench.balsam.balsam, ['launcher', ...args], {
    env: site.env,
    cwd: site.directory,
    stdio: ['ignore', sink, sink],
  })
  const deadline = performance.now() + connectMsMax
  while ((await connected(site)) < count) {
    const isGone = child.exitCode !== null || child.signalCode !== null
    if (isGone || performance.now() > deadline) {
      child.kill('SIGKILL')
      throw new Error(`launcher ${isGone ? 'ended' : 'did not connect'}: ${lastWords(site, log)}`)
    }
    await sleep(50)
  }
  return { end: () => endProgram(child, 20_000) }
}

/** What it said on the terminal, and the last line of its allocation's log. */
function lastWords(site: Site, terminal: string): string {
  const runs = join(site.directory, 'run')
  const logs = readdirSync(runs).map((allocation) => join(runs, allocation, 'launcher.log'))
  const said = [terminal, ...logs.filter((file) => existsSync(file))].map(
    (file) => readFileSync(file, 'utf8').trim().split('\n').at(-1) ?? '',
  )
  return said.join(' | ').slice(0, 500)
}

async function connected(site: Site): Promise<number> {
  const launchers = await site.daemon().client.launchers()
  return launchers.filter(({ state }) => state === 'CONNECTED').length
}
