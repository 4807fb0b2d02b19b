// Jobs with hooks for tests with real processes: scripts in the test's own directory, jobs by a job
// file. Must never leave a word of a script to chance: each is written as the test says.
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { JobInput } from '../../../protocol/job.ts'
import type { TestSite, World } from '../../support/site.ts'

/** Writes an executable shell script; gives its path. */
export function script(world: World, name: string, ...lines: string[]): string {
  const file = join(world.base, name)
  writeFileSync(file, ['#!/bin/sh', ...lines, ''].join('\n'))
  chmodSync(file, 0o755)
  return file
}

/** Makes a directory with these files; gives its path. */
export function directory(
  world: World,
  name: string,
  files: Readonly<Record<string, string>>,
): string {
  const path = join(world.base, name)
  mkdirSync(path, { recursive: true })
  for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), text)
  return path
}

/** Submits one job; its id. */
export async function submitJob(world: World, site: TestSite, job: JobInput): Promise<number> {
  const file = join(world.base, `${job.name}.jsonl`)
  writeFileSync(file, `${JSON.stringify(job)}\n`)
  return Number(await site.ok('job', '--file', file))
}

/** The text of a file in a job's working directory; '' when there is none. */
export async function textIn(site: TestSite, id: number, name: string): Promise<string> {
  const { working_directory: place } = await site.job(id)
  const file = join(place, name)
  return existsSync(file) ? readFileSync(file, 'utf8') : ''
}

/** The job's history in a line each. */
export async function historyOf(site: TestSite, id: number): Promise<string[]> {
  const { history } = await site.job(id)
  return history.map(({ state, message }) => (message === '' ? state : `${state}: ${message}`))
}

/** Waits for the end of all jobs; it need not be a good one. */
export async function ended(site: TestSite): Promise<void> {
  await site.balsam('wait', '--timeout', '60s')
}
