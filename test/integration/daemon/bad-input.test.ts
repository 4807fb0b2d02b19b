// Bad input and unfit surroundings: each is a fault of the catalogue on standard error, with what
// to do and the listed exit code, and nothing has changed.
import { createHash } from 'node:crypto'
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { connect } from '../../../client/sdk/balsam.ts'
import type { FaultCode } from '../../../protocol/faults.ts'
import { Fault, faultCatalogue } from '../../../protocol/faults.ts'
import type { JobRequest } from '../../../protocol/job.ts'
import { fileText } from '../../../protocol/site-files.ts'
import { daemonOf, daemonProcesses } from '../../support/daemon.ts'
import type { Outcome, TestSite, World } from '../../support/site.ts'
import { makeWorld } from '../../support/site.ts'

let world: World
let site: TestSite
beforeAll(async () => {
  world = await makeWorld()
  site = await world.makeSite()
  await site.ok('app', '--name', 'A', '--executable', 'true')
})
afterAll(() => world.close())

function expectFault(outcome: Outcome, code: FaultCode): void {
  expect({ code: outcome.code, out: outcome.out }).toEqual({
    code: faultCatalogue[code].exit,
    out: '',
  })
  const [what, todo] = outcome.err.split('\n')
  expect(what).toMatch(new RegExp(`^balsamd?: .+ \\[${code}\\]$`))
  expect(todo).toMatch(/^ {2}\S/)
}

/** Every file of a directory but logs and the lock, with the hash of its content. */
function filesIn(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter(
      (name) => !/^log\/|^balsam\.lock$/.test(name) && statSync(join(directory, name)).isFile(),
    )
    .map(
      (name) =>
        `${name} ${createHash('sha256')
          .update(readFileSync(join(directory, name)))
          .digest('hex')}`,
    )
    .sort()
}

/** All that a refused command could have changed in a site that is served. */
async function everything(): Promise<unknown> {
  const balsam = connect(site.path, { env: { ...world.env, BALSAM_NO_AUTOSTART: '1' } })
  try {
    const [jobs, apps, allocations] = [balsam.jobs(), balsam.apps(), balsam.allocations()]
    const working = filesIn(join(site.path, 'data'))
    return [await jobs, await apps, await allocations, working, daemonOf(site.path)]
  } finally {
    balsam.close()
  }
}

const job = (...more: string[]): string[] => ['job', '--name', 'j', '--application', 'A', ...more]
const named = (name: string): string[] => ['submit', '--name', name, '--', 'true']
const hundredKiB = 'x'.repeat(100 * 1024)

const commands: readonly (readonly [string, readonly string[], FaultCode])[] = [
  ['an unknown app', ['job', '--name', 'j', '--application', 'B'], 'APP_UNKNOWN'],
  ['a number that is none', job('--cpus', 'two'), 'BAD_FIELD'],
  ['a duration that is none', ['submit-launch', '-t', 'soon'], 'BAD_FIELD'],
  ['a state that is none', ['ls', '--state', 'RUNING'], 'BAD_FIELD'],
  ['an unknown flag', job('--wrokflow', 'w'), 'BAD_FLAG'],
  ['an empty executable', ['app', '--name', 'E', '--executable', ''], 'EMPTY_EXECUTABLE'],
  ['a blank executable', ['app', '--name', 'E', '--executable', ' \t'], 'EMPTY_EXECUTABLE'],
  ['no command', ['submit', '--name', 'x', '--'], 'NO_COMMAND'],
  ['an empty command', ['submit', '--name', 'x', '--', ''], 'NO_COMMAND'],
  [
    '1 MB of a command’s words',
    ['submit', '--', 'echo', ...Array.from({ length: 10 }, () => hundredKiB)],
    'ARGS_TOO_LONG',
  ],
  ['1 MB of args', job('--args', ...Array.from({ length: 10 }, () => hundredKiB)), 'ARGS_TOO_LONG'],
  ['a name with a slash', named('a/b'), 'BAD_NAME'],
  ['a name that is a path upward', named('..'), 'BAD_NAME'],
  ['a name with a newline', named('a\nb'), 'BAD_NAME'],
  ['a name with an escape sequence', named('\u001b[2Jx'), 'BAD_NAME'],
  ['a name with a C1 control', named('a\u009bb'), 'BAD_NAME'],
  ['a name that is too long', named('n'.repeat(129)), 'BAD_NAME'],
  ['a workflow with a slash', ['submit', '--workflow', 'w/x', '--', 'true'], 'BAD_NAME'],
  ['an app’s name with a control', ['app', '--name', 'a\tb', '--executable', 'true'], 'BAD_NAME'],
  ['a second app of a name', ['app', '--name', 'A', '--executable', 'false'], 'APP_EXISTS'],
]

test.each(commands)('%s is refused with its code and changes nothing', async (_, words, code) => {
  const before = await everything()
  expectFault(await site.balsam(...words), code)
  expect(await everything()).toEqual(before)
})

test.each([
  ['args', { args: 'a\0b', command: null, application: 'A' }],
  ['a command', { args: '', command: ['echo', 'a\0b'], application: null }],
  ['a variable', { args: '', command: ['true'], application: null, environment: { X: 'a\0b' } }],
])('a NUL in %s, which no command line can hold, is refused by the daemon', async (_, part) => {
  const before = await everything()
  const balsam = connect(site.path, { env: world.env })
  onTestFinished(() => balsam.close())
  const request: JobRequest = {
    name: 'j',
    workflow: 'w',
    description: '',
    environment: {},
    priority: 0,
    maxRetries: 0,
    resources: { cpus: 1, nodePackingCount: 1 },
    wallTimeMinutes: 1,
    output: { to: 'none' },
    cwd: '/',
    array: null,
    ...part,
  }
  const refused: unknown = await balsam.submit([request]).catch((error: unknown) => error)
  expect(refused).toBeInstanceOf(Fault)
  expect(refused).toMatchObject({ code: 'NUL_IN_ARGS', exit: 2 })
  expect(await everything()).toEqual(before)
})

test('a second daemon is refused with the pid of the first', async () => {
  const before = await everything()
  const outcome = await site.balsamd('run')
  expectFault(outcome, 'DAEMON_RUNNING')
  expect(outcome.err).toContain(`(pid ${daemonOf(site.path).pid})`)
  expect(await everything()).toEqual(before)
})

test.each([
  ['text', 'this is no database. '.repeat(500)],
  ['a damaged header', `SQLite format 3\0${'\u0007'.repeat(8_000)}`],
])('a database that is %s is refused and stays byte by byte', async (name, content) => {
  const other = await world.makeSite(`bad-${name.replaceAll(' ', '-')}`)
  writeFileSync(join(other.path, 'balsam.db'), content)
  const before = filesIn(other.path)
  expectFault(await other.balsam('ls'), 'DATABASE_INVALID')
  expectFault(await other.balsamd('start'), 'DATABASE_INVALID')
  expect(filesIn(other.path)).toEqual(before)
  expect(daemonProcesses(other.path)).toEqual([])
  rmSync(other.path, { recursive: true })
})

test('a daemon on another host is named, and no second one is started', async () => {
  const other = await world.makeSite('far')
  const record = { host: 'login-far', bootId: 'x', pid: 7, startTime: 1, socket: '/nowhere' }
  const rest = { siteId: other.id(), epoch: 1, version: '0.1.0', startedAt: '' }
  writeFileSync(join(other.path, 'server.json'), fileText({ ...record, ...rest }))
  const before = filesIn(other.path)
  for (const outcome of [await other.balsam('ls'), await other.balsamd('start')]) {
    expectFault(outcome, 'DAEMON_ELSEWHERE')
    expect(outcome.err).toContain('login-far (pid 7)')
  }
  expect(filesIn(other.path)).toEqual(before)
  expect(daemonProcesses(other.path)).toEqual([])
  rmSync(other.path, { recursive: true })
})

test('a socket path that is too long is refused, and what to set is said', async () => {
  const other = await world.makeSite('deep')
  const runtime = join(world.base, 'r'.repeat(110))
  mkdirSync(runtime, { mode: 0o700 })
  const outcome = await other.start('balsam', ['ls'], { env: { XDG_RUNTIME_DIR: runtime } }).ended
  expectFault(outcome, 'SOCKET_PATH_TOO_LONG')
  expect(outcome.err).toContain('XDG_RUNTIME_DIR')
  expect(filesIn(other.path).map((line) => line.split(' ')[0])).toEqual(['site.json'])
  expect(daemonProcesses(other.path)).toEqual([])
})

test('an allocation whose run directory cannot be made is refused', async () => {
  const { pid } = daemonOf(site.path)
  const run = join(site.path, 'run')
  renameSync(run, `${run}.aside`)
  writeFileSync(run, '')
  const outcome = await site.balsam('submit-launch', '-n', '1', '-t', '5')
  rmSync(run)
  renameSync(`${run}.aside`, run)
  expectFault(outcome, 'SCHEDULER_SUBMIT_REFUSED')
  expect(await site.balsam('ls')).toMatchObject({ code: 0 })
  expect(daemonOf(site.path).pid).toBe(pid)
})
