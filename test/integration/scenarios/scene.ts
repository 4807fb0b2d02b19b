// A stage for the scenarios of Balsam 0.3's own tests: a site of the built product, jobs, hooks in
// sh and Python, launchers that are interrupted. Must never wait a fixed time: states are awaited.
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Balsam } from '../../../client/sdk/balsam.ts'
import { connect } from '../../../client/sdk/balsam.ts'
import type { WaitProgress } from '../../../protocol/calls.ts'
import type { JobDetail, JobFilter, JobInput, StateCounts } from '../../../protocol/job.ts'
import { makeWorld, type Running, type TestSite, type World } from '../../support/site.ts'

const pythonClient = join(import.meta.dirname, '../../../client/python')

/** One site with its daemon, for the test that runs now. */
export interface Scene {
  readonly world: World
  readonly site: TestSite
  readonly balsam: Balsam
  /** Writes an executable sh script; gives its path. */
  sh(name: string, ...lines: string[]): string
  /** The same in Python, with Balsam 0.3's `dag` at hand. */
  python(name: string, ...lines: string[]): string
  /** Submits jobs of one core each, all or none; their ids in order. */
  submit(...jobs: JobInput[]): Promise<readonly number[]>
  /** `balsam launcher` with so many cores, once the daemon knows it. */
  launcher(cpus?: number): Promise<Launcher>
  /** Resolves when exactly these jobs are in these states, of all that match. */
  reach(states: StateCounts, filter?: JobFilter): Promise<void>
  /** Resolves when all have ended; gives how. */
  ended(filter?: JobFilter): Promise<StateCounts>
  /** The states that a job went through, with their messages. */
  history(id: number): Promise<readonly string[]>
  /** A file in a job's working directory. */
  text(id: number, file: string): Promise<string>
}

/** A launcher in the foreground. */
export interface Launcher {
  readonly running: Running
  /** Ends it as its batch job's end would: SIGTERM, and waits until it has gone. */
  interrupt(): Promise<void>
}

/** A site in a world of its own; both are gone when the test has finished. */
export async function openScene(): Promise<Scene> {
  const world = await makeWorld()
  onTestFinished(() => world.close())
  const site = await world.makeSite()
  await site.balsamd('start')
  const balsam = connect(site.path, { env: world.env })
  onTestFinished(() => balsam.close())
  const write = (name: string, lines: readonly string[]): string => {
    const file = join(world.base, name)
    writeFileSync(file, `${lines.join('\n')}\n`)
    chmodSync(file, 0o755)
    return file
  }
  const job = (id: number): Promise<JobDetail> => balsam.job(id)
  return {
    world,
    site,
    balsam,
    sh: (name, ...lines) => write(name, ['#!/bin/sh', ...lines]),
    python: (name, ...lines) => write(name, [...pythonHead, ...lines]),
    submit: (...jobs) => submitJobs(balsam, world, jobs),
    launcher: (cpus = 4) => startLauncher(site, cpus),
    reach: (states, filter) => reachStates(balsam, states, filter),
    ended: (filter) => endOf(balsam, filter),
    async history(id) {
      const { history } = await job(id)
      return history.map(({ state, message }) => (message === '' ? state : `${state}: ${message}`))
    },
    async text(id, file) {
      return readFileSync(join((await job(id)).working_directory, file), 'utf8')
    },
  }
}

const pythonHead = [
  '#!/usr/bin/env python3',
  'import os, sys',
  `sys.path.insert(0, ${JSON.stringify(pythonClient)})`,
  'from balsam.launcher import dag',
]

/** Shell functions for hooks: a call with the right of the hook, and a new state of its own job. */
export const shellCalls = [
  'call() { curl -sS --fail-with-body --unix-socket "$BALSAM_SOCKET" \\',
  '  -H "authorization: Bearer $BALSAM_TASK_TOKEN" --data-binary "$2" "http://x/v1/$1"; }',
  'become() { call modify "{\\"filter\\":{\\"ids\\":[$BALSAM_JOB_ID]},\\',
  '\\"changes\\":{\\"state\\":\\"$1\\"},\\"message\\":\\"$2\\"}"; }',
]

/** A line for tasks: the first attempt in a directory hangs until it is ended, later ones pass. */
export const hangOnce = '[ -e hung ] || { touch hung; sleep 600; }'

async function submitJobs(
  balsam: Balsam,
  world: World,
  jobs: readonly JobInput[],
): Promise<readonly number[]> {
  const cwd = join(world.base, 'work')
  const whole = jobs.map((job) => ({ cwd, ...job, resources: { cpus: 1, ...job.resources } }))
  const { ranges } = await balsam.submit(whole)
  return ranges.flatMap(([first, last]) =>
    Array.from({ length: last - first + 1 }, (_, index) => first + index),
  )
}

async function startLauncher(site: TestSite, cpus: number): Promise<Launcher> {
  const running = site.start('balsam', ['launcher', '--cpus', String(cpus)])
  await running.saying('launcher of allocation')
  const interrupt = async (): Promise<void> => {
    running.child.kill('SIGTERM')
    await running.ended
  }
  onTestFinished(interrupt)
  return { running, interrupt }
}

/** How long states are waited for: they come in seconds on a machine that is not overloaded. */
const patienceMs = 120_000

async function reachStates(
  balsam: Balsam,
  wanted: StateCounts,
  filter: JobFilter = {},
): Promise<void> {
  const expected = textOf(wanted)
  await follow(balsam, filter, `the jobs are ${expected}`, ({ states }) => {
    return textOf(states) === expected
  })
}

async function endOf(balsam: Balsam, filter: JobFilter = {}): Promise<StateCounts> {
  return onlySome(await follow(balsam, filter, 'all jobs have ended', ({ is_done }) => is_done))
}

/** The states of the jobs as soon as they are as wanted. */
async function follow(
  balsam: Balsam,
  filter: JobFilter,
  what: string,
  isAsWanted: (progress: WaitProgress) => boolean,
): Promise<StateCounts> {
  const signal = AbortSignal.timeout(patienceMs)
  let seen: StateCounts = {}
  try {
    for await (const progress of balsam.wait(filter, signal)) {
      seen = progress.states
      if (isAsWanted(progress)) return seen
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
  throw new Error(`it did not come to be that ${what}; they were ${textOf(seen)}`)
}

function onlySome(states: StateCounts): StateCounts {
  return Object.fromEntries(Object.entries(states).filter(([, count]) => count > 0))
}

function textOf(states: StateCounts): string {
  const words = Object.entries(onlySome(states)).map(([state, count]) => `${state} ${count}`)
  return words.sort().join(', ')
}
