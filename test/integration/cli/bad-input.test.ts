// Bad input: one line with what is wrong and its code, one with what to do, and nothing changed.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connect } from '../../../client/sdk/balsam.ts'
import { makeSite } from '../../../client/sdk/site.ts'
import { fileText } from '../../../protocol/site-files.ts'
import { makeWorld, type World } from '../../support/command-line.ts'

let world: World
beforeAll(async () => {
  world = await makeWorld()
  await world.balsam('app', '--name', 'A', '--executable', 'true')
})
afterAll(() => world.close())

const job = (...more: string[]): string[] => ['job', '--name', 'j', '--application', 'A', ...more]

/** What a refused command must not have changed. */
async function everything(): Promise<unknown[]> {
  const balsam = connect(world.site, { env: world.env })
  try {
    return await Promise.all([balsam.jobs(), balsam.apps(), balsam.allocations()])
  } finally {
    balsam.close()
  }
}

const cases: readonly (readonly [string, readonly string[], string, number])[] = [
  ['an unknown verb', ['sumbit'], 'BAD_REQUEST', 2],
  ['a verb of Balsam 0.3 that comes later', ['service', 'start'], 'UNSUPPORTED', 2],
  ['an unknown flag', ['ls', '--workflwo', 'x'], 'BAD_FLAG', 2],
  ['a flag without its value', ['ls', '--workflow'], 'BAD_FLAG', 2],
  ['an unknown app', ['job', '--name', 'j', '--application', 'B'], 'APP_UNKNOWN', 2],
  ['a second app of the same name', ['app', '--name', 'A', '--executable', 'x'], 'APP_EXISTS', 2],
  ['an empty executable', ['app', '--name', 'E', '--executable', ' '], 'EMPTY_EXECUTABLE', 2],
  ['an open quote', ['app', '--name', 'E', '--executable', "it's"], 'BAD_QUOTING', 2],
  ['an open quote in args', job('--args', '"a'), 'BAD_QUOTING', 2],
  ['no command', ['submit', '--name', 'x'], 'NO_COMMAND', 2],
  ['a name with a slash', ['submit', '--name', 'a/b', '--', 'true'], 'BAD_NAME', 2],
  ['a name with a line break', ['submit', '--name', 'a\nb', '--', 'true'], 'BAD_NAME', 2],
  ['a name that drives the terminal', ['submit', '--name', '\u001b[2J', 'true'], 'BAD_NAME', 2],
  ['a workflow that leaves its folder', ['submit', '--workflow', '..', 'true'], 'BAD_NAME', 2],
  [
    'args of 128 KiB and more',
    job('--args', 'x'.repeat(131_000), 'y'.repeat(99)),
    'ARGS_TOO_LONG',
    2,
  ],
  ['a number that is none', job('--cpus', 'two'), 'BAD_FIELD', 2],
  ['no cores', ['submit', '--cpus', '0', '--', 'true'], 'BAD_FIELD', 2],
  ['a variable without a value', job('--env', 'A'), 'BAD_FIELD', 2],
  ['a variable of our own', job('--env', 'BALSAM_ALLOCATION_MARKER=x'), 'BAD_FIELD', 2],
  ['an array that ends early', ['submit', '--array', '9-1', 'true'], 'BAD_FIELD', 2],
  ['an unknown state', ['ls', '--state', 'RUNING'], 'BAD_FIELD', 2],
  ['several nodes', job('--num-nodes', '2'), 'UNSUPPORTED', 2],
  ['GPUs', job('--gpus', '1'), 'UNSUPPORTED', 2],
  ['a stage-in URL of another kind', job('--url-in', 'gsiftp:/x'), 'BAD_FIELD', 2],
  ['a job file that is not there', ['job', '--file', 'absent.yaml'], 'BAD_JOB_FILE', 2],
  ['an unknown parent', ['submit', '--parents', '4711', 'true'], 'PARENT_UNKNOWN', 2],
  ['MPI mode', ['submit-launch', '-t', '5', '--job-mode', 'mpi'], 'UNSUPPORTED', 2],
  ['no walltime', ['submit-launch', '-n', '1'], 'BAD_FLAG', 2],
  ['an unknown job', ['show', '4711'], 'JOB_UNKNOWN', 3],
  ['an unknown name', ['out', 'nobody'], 'JOB_UNKNOWN', 3],
  ['a site that is none', ['--site', '/nonexistent', 'ls'], 'SITE_MISSING', 7],
  ['a second init', ['init', 'site'], 'SITE_EXISTS', 8],
  ['an unknown setting', ['config', 'get', 'log.levle'], 'SETTING_UNKNOWN', 2],
  ['a dropped setting', ['config', 'get', 'SERVICE_PERIOD'], 'SETTING_DROPPED', 2],
  ['a wrong value', ['config', 'set', 'log.level', 'loud'], 'SETTING_INVALID', 2],
  ['a restore of nothing', ['site', 'restore', 'absent.db', '--yes'], 'RESTORE_REFUSED', 8],
  ['a backup to nowhere', ['site', 'backup', 'no/folder/x.db'], 'BAD_FIELD', 2],
]

test.each(cases)('%s is refused on stderr with its code', async (_, words, code, exit) => {
  const before = await everything()
  const outcome = await world.balsam(...words)
  expect(outcome).toMatchObject({ code: exit, out: '' })
  const [what, todo] = outcome.err.split('\n')
  expect(what).toMatch(new RegExp(`^balsam: .+ \\[${code}\\]$`))
  expect(todo).toMatch(/^ {2}\S/)
  expect(await everything()).toEqual(before)
})

test('an app that is nearly known is suggested, and no line is named', async () => {
  const { err } = await world.balsam('job', '--name', 'j', '--application', 'a')
  expect(err).toContain('balsam: no app is named a (did you mean A?) [APP_UNKNOWN]')
})

test('a name that two jobs have must be given as an id', async () => {
  const ids = await world.bash('for i in 1 2; do balsam submit --name twin -- true; done')
  const { code, err } = await world.balsam('show', 'twin')
  expect(code).toBe(2)
  expect(err).toContain(ids.out.trim().split('\n').join(', '))
})

test('a directory with other content is no place for a site', async () => {
  mkdirSync(join(world.base, 'full'))
  writeFileSync(join(world.base, 'full/a'), '')
  expect(await world.balsam('init', 'full')).toMatchObject({ code: 8 })
})

test('a database that is none keeps the daemon from starting, and says so', async () => {
  const site = makeSite(join(world.base, 'bad-db'))
  writeFileSync(join(site, 'balsam.db'), 'not a database, but long enough to look at. '.repeat(50))
  const { code, err } = await world.balsam('--site', site, 'ls')
  expect(err).toContain('[DATABASE_INVALID]')
  expect(code).toBe(8)
})

test('a daemon on another host is named, and never started a second time', async () => {
  const site = makeSite(join(world.base, 'far'))
  const record = { host: 'login-far', bootId: 'x', pid: 7, startTime: 1, socket: '/nowhere' }
  const rest = { siteId: '', epoch: 1, version: '0.1.0', startedAt: '' }
  writeFileSync(join(site, 'server.json'), fileText({ ...record, ...rest }))
  for (const [program, words] of [
    ['balsam', ['--site', site, 'ls']],
    ['balsamd', ['start', site]],
    ['balsamd', ['run', site]],
    ['balsamd', ['restart', site]],
    ['balsamd', ['stop', site]],
    ['balsamd', ['status', site]],
  ] as const) {
    const { code, err } = await world.start(program, words).ended
    expect(err).toContain('runs on login-far (pid 7) [DAEMON_ELSEWHERE]')
    expect(code).toBe(8)
  }
})

test('a socket path that is too long is refused before anything listens', async () => {
  const site = makeSite(join(world.base, 'deep'))
  const long = join(world.base, 'r'.repeat(120))
  mkdirSync(long, { mode: 0o700 })
  const options = { env: { XDG_RUNTIME_DIR: long } }
  const { code, err } = await world.start('balsam', ['--site', site, 'ls'], options).ended
  expect(err).toContain('[SOCKET_PATH_TOO_LONG]')
  expect(code).toBe(8)
})
