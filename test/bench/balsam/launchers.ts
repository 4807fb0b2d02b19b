// Starts `balsam launcher …` as a user does, and waits until its launchers are connected.
// Must see them connected before anything is timed: start-up is not throughput.
import { spawn } from 'node:child_process'
import { openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Bench } from '../bench.ts'
import { endProgram } from '../measure/programs.ts'
import type { Site } from './site.ts'

/** Time that the slowest start may take: 48 launchers on two cores. */
const connectMsMax = 60_000

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
      const said = readFileSync(log, 'utf8').trim().slice(-400)
      throw new Error(`launcher ${isGone ? 'ended' : 'did not connect'}: ${said}`)
    }
    await sleep(50)
  }
  return { end: () => endProgram(child, 20_000) }
}

async function connected(site: Site): Promise<number> {
  const launchers = await site.daemon().client.launchers()
  return launchers.filter(({ state }) => state === 'CONNECTED').length
}
