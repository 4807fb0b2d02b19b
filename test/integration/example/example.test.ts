// The original's example, word for word, in bash, with the built product: what users meet first.
// Must never add a command that the example does not have.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import type { Outcome, TestSite, World } from '../../support/site.ts'
import { makeWorld } from '../../support/site.ts'

// One line for each of the example's, however long.
const example = `set -e
balsam app --name SayHello --executable "echo hello,"
${[
  'for i in {1..10}; do balsam job --name hi$i --workflow test',
  '--application SayHello --args "world $i"; done',
].join(' ')}
balsam submit-launch -A Project -q Queue -t 5 -n 2 --job-mode=serial
balsam ls            # watch it
balsam wait --workflow test   # a progress bar, then exit 0
balsam out hi3               # hello, world 3
`

const names = Array.from({ length: 10 }, (_, index) => `hi${index + 1}`)

let world: World
let site: TestSite
/** The example in bash, as it is written. */
let ran: Outcome
beforeAll(async () => {
  world = await makeWorld()
  const home = world.env['HOME'] ?? ''
  ran = await world.bash(`balsam init ~/myWorkflow; export BALSAM_SITE=~/myWorkflow\n${example}`)
  site = world.siteAt(join(home, 'myWorkflow'))
})
afterAll(() => world.close())

/** What must be true of a site in which the example was run. */
async function checkJobs(of: TestSite): Promise<void> {
  const jobs = await of.jobs()
  expect(jobs.map(({ name }) => name)).toEqual(names)
  for (const job of jobs) {
    expect(job).toMatchObject({ workflow: 'test', state: 'JOB_FINISHED', attempts: 1 })
    expect(await of.ok('out', job.name)).toBe(`hello, world ${job.name.slice(2)}\n`)
  }
}

test('the example runs in bash as it is written, and hi3 says hello, world 3', async () => {
  const faults = ran.err.split('\n').filter((line) => /\[[A-Z_]+\]/.test(line))
  expect([ran.code, faults]).toEqual([0, []])
  const lines = ran.out.trimEnd().split('\n')
  expect(lines.slice(0, 2)).toEqual([site.path, 'SayHello'])
  expect(lines.slice(2, 12)).toEqual(names.map((name) => name.slice(2)))
  expect(lines.at(-1)).toBe('hello, world 3')
  await checkJobs(site)
})

test('without a site the example makes the default one under XDG_STATE_HOME', async () => {
  const other = await makeWorld()
  onTestFinished(() => other.close())
  const { code, out } = await other.bash(example)
  expect([code, out.endsWith('hello, world 3\n')]).toEqual([0, true])
  await checkJobs(other.siteAt(join(other.env['XDG_STATE_HOME'] ?? '', 'balsam/default')))
  expect(readdirSync(other.env['HOME'] ?? '/')).toEqual([])
})

test('an output stands in the job’s working directory, below its workflow', async () => {
  const file = join(site.path, 'data/test/hi3_3/hi3.out')
  expect([existsSync(file), await site.ok('out', 'hi3', '--path')]).toEqual([true, `${file}\n`])
})

test('piped lists are lines of tabs, and --json is one document', async () => {
  const piped = await site.bash('balsam ls --workflow test | cut -f 2,5')
  expect(piped.out.trimEnd().split('\n')).toEqual([
    'name\tstate',
    ...names.map((name) => `${name}\tJOB_FINISHED`),
  ])
  const document: unknown = JSON.parse(await site.ok('ls', '--workflow', 'test', '--json'))
  expect(document).toMatchObject({ schema: 'balsam.jobs/1', total: 10, truncated: false })
  expect(document).toHaveProperty('items.length', 10)
  const first = { id: 1, name: 'hi1', workflow: 'test', state: 'JOB_FINISHED', attempts: 1 }
  expect(document).toHaveProperty('items.0', expect.objectContaining(first))
})

test('a wait says on standard error how it went, and nothing on standard output', async () => {
  const { code, out, err } = await site.balsam('wait', '--workflow', 'test')
  expect({ code, out }).toEqual({ code: 0, out: '' })
  expect(err).toContain('10/10 done')
})

test('on a terminal the wait draws a progress bar and ends with exit 0', async () => {
  const { code, out } = await site.bash('script -qec "balsam wait --workflow test" /dev/null')
  expect([code, out]).toEqual([0, expect.stringMatching(/10\/10/)])
})

test('a failing job makes the wait end with exit 4 and ls names it', async () => {
  await site.ok('submit', '--workflow', 'w', '--name', 'bad', '--', 'sh', '-c', 'exit 3')
  const waited = await site.balsam('wait', '--workflow', 'w')
  expect([waited.code, waited.err]).toEqual([4, expect.stringContaining('[JOBS_FAILED]')])
  expect(await site.jobs('--state', 'FAILED')).toMatchObject([{ name: 'bad', return_code: 3 }])
})
