// The original's example, word for word, in bash, with the built product: what users meet first.
// Must never add a command that the example does not have.
import { existsSync, readdirSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { TestSite, World } from '../../support/site.ts'
import { makeWorld } from '../../support/site.ts'

let world: World
beforeEach(async () => {
  world = await makeWorld()
})
afterEach(() => world.close())

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

/** What must be true of a site in which the example was run. */
async function checkSite(site: TestSite): Promise<void> {
  const jobs = await site.jobs()
  expect(jobs.map(({ name }) => name)).toEqual(names)
  for (const job of jobs) {
    expect(job).toMatchObject({ workflow: 'test', state: 'JOB_FINISHED', attempts: 1 })
    expect(await site.ok('out', job.name)).toBe(`hello, world ${job.name.slice(2)}\n`)
  }
}

test('the example runs in bash as it is written, and hi3 says hello, world 3', async () => {
  const script = `balsam init ~/myWorkflow && export BALSAM_SITE=~/myWorkflow\n${example}`
  const { code, out, err } = await world.bash(script)
  expect([code, err.split('\n').filter((line) => /\[[A-Z_]+\]/.test(line))]).toEqual([0, []])
  const lines = out.trimEnd().split('\n')
  expect(lines.slice(0, 2)).toEqual([join(world.env['HOME'] ?? '', 'myWorkflow'), 'SayHello'])
  expect(lines.slice(2, 12)).toEqual(names.map((name) => name.slice(2)))
  expect(lines.at(-1)).toBe('hello, world 3')
  await checkSite(world.siteAt(realpathSync(join(world.env['HOME'] ?? '', 'myWorkflow'))))
})

test('without a site the example makes the default one under XDG_STATE_HOME', async () => {
  const { code, out } = await world.bash(example)
  expect(code).toBe(0)
  expect(out.endsWith('hello, world 3\n')).toBe(true)
  await checkSite(world.siteAt(join(world.env['XDG_STATE_HOME'] ?? '', 'balsam/default')))
  expect(readdirSync(world.env['HOME'] ?? '/')).toEqual([])
})

test('an output stands in the job’s working directory, below its workflow', async () => {
  const site = await world.makeSite()
  expect((await site.bash(example)).code).toBe(0)
  const file = join(site.path, 'data/test/hi3_3/hi3.out')
  expect([existsSync(file), await site.ok('out', 'hi3', '--path')]).toEqual([true, `${file}\n`])
})

test('piped lists are lines of tabs, and --json is one document', async () => {
  const site = await world.makeSite()
  expect((await site.bash(example)).code).toBe(0)
  const piped = await site.bash('balsam ls --workflow test | cut -f 2,5')
  expect(piped.out.trimEnd().split('\n')).toEqual([
    'name\tstate',
    ...names.map((name) => `${name}\tJOB_FINISHED`),
  ])
  const document: unknown = JSON.parse(await site.ok('ls', '--workflow', 'test', '--json'))
  expect(document).toMatchObject({ schema: 'balsam.jobs/1', total: 10, truncated: false })
  expect(document).toHaveProperty('items.length', 10)
  expect(document).toHaveProperty(
    'items.0',
    expect.objectContaining({
      id: 1,
      name: 'hi1',
      workflow: 'test',
      state: 'JOB_FINISHED',
      attempts: 1,
      return_code: 0,
    }),
  )
})

test('a wait says on standard error how it went, and nothing on standard output', async () => {
  const site = await world.makeSite()
  await site.bash(example)
  const { code, out, err } = await site.balsam('wait', '--workflow', 'test')
  expect({ code, out }).toEqual({ code: 0, out: '' })
  expect(err).toContain('10/10 done')
})

test('on a terminal the wait draws a progress bar and ends with exit 0', async () => {
  const site = await world.makeSite()
  await site.bash(example)
  const { code, out } = await site.bash('script -qec "balsam wait --workflow test" /dev/null')
  expect(code).toBe(0)
  expect(out).toMatch(/10\/10/)
})

test('a failing job makes the wait end with exit 4 and ls names it', async () => {
  const site = await world.makeSite()
  await site.ok('submit', '--workflow', 'w', '--name', 'bad', '--', 'sh', '-c', 'exit 3')
  await site.ok('submit-launch', '-t', '5', '-n', '1')
  const waited = await site.balsam('wait', '--workflow', 'w')
  expect(waited.code).toBe(4)
  expect(waited.err).toContain('[JOBS_FAILED]')
  expect(await site.jobs('--state', 'FAILED')).toMatchObject([{ name: 'bad', return_code: 3 }])
})
