// Tasks that a test steers through files: they say that they run, and go on when they are told to.
// Must never end by themselves before the test says so, but when they are killed.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isLiving } from '../../support/processes.ts'
import type { TestSite } from '../../support/site.ts'
import { until } from '../../support/until.ts'

/** A job whose task waits for a word from the test. */
export interface SteeredJob {
  readonly id: number
  /** Resolves with the task's pid when one of its attempts runs that did not before. */
  running(): Promise<number>
  /** Every attempt, now and later, may end. */
  letGo(): void
}

/** Each attempt adds its pid, then waits for the file `go`. */
const script = 'echo $$ >>"$0.pids"; while [ ! -e "$0.go" ]; do sleep 0.02; done; echo "done as $$"'

/** Submits one. */
export async function submitSteered(
  site: TestSite,
  base: string,
  options: {
    readonly name: string
    /** Shell text before the loop: a trap, for example. */
    readonly prefix?: string
    /** Makes no directory and no file of the site. */
    readonly isMute?: boolean
  },
): Promise<SteeredJob> {
  const file = join(base, options.name)
  const text = `${options.prefix ?? ''}${script}`
  const words = ['--name', options.name, ...(options.isMute === true ? ['--stdout', 'none'] : [])]
  const id = Number(await site.ok('submit', ...words, '--', 'sh', '-c', text, file))
  let seen = 0
  const pids = (): number[] =>
    existsSync(`${file}.pids`)
      ? readFileSync(`${file}.pids`, 'utf8').split('\n').slice(0, -1).map(Number)
      : []
  return {
    id,
    async running() {
      await until(`an attempt of ${options.name} runs`, () => pids().length > seen)
      seen = pids().length
      const pid = pids().at(-1) ?? 0
      if (!isLiving(pid)) throw new Error(`the task of ${options.name} ended by itself`)
      return pid
    },
    letGo: () => writeFileSync(`${file}.go`, ''),
  }
}

/** Asks for an allocation with room for several small jobs. */
export async function launch(site: TestSite, ...more: string[]): Promise<number> {
  return Number(await site.ok('submit-launch', '-n', '1', '-t', '60', '--cpus', '4', ...more))
}
