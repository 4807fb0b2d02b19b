// `npm run hello` around stand-in programs: what it runs, prints, checks and leaves behind.
// Must never start a daemon: the example with the real programs is a test of its own.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { root } from '../../style/source.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bh-'))
  cpSync(join(root, 'scripts'), join(folder, 'scripts'), { recursive: true })
  writeFileSync(join(folder, 'scripts/setup.mjs'), 'export async function setup() {}\n')
  writeFileSync(join(folder, 'scripts/build.mjs'), 'export async function build() {}\n')
  mkdirSync(join(folder, 'bin'))
  mkdirSync(join(folder, 't'))
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Makes a program that writes down its arguments and does what `body` says, by the verb. */
function standIn(name: string, body: string): void {
  const path = join(folder, 'bin', name)
  const log = join(folder, 'calls')
  writeFileSync(path, `#!/bin/sh\necho "${name} $*" >> '${log}'\ncase $1 in\n${body}\nesac\n`)
  chmodSync(path, 0o755)
}

const init = 'init) mkdir "$2" ;;'
const out = 'out) echo "hello, world ${2#hi}" ;;'
const status = 'status) echo \'{"driver":"sqlite3","pid":7}\' ;;'

function environment(): NodeJS.ProcessEnv {
  return { ...process.env, TMPDIR: join(folder, 't'), BALSAM_SITE: '/nowhere' }
}

function hello() {
  const env = environment()
  const args = ['scripts/hello.mjs']
  const result = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8', env })
  const calls = readFileSync(join(folder, 'calls'), 'utf8').trimEnd().split('\n')
  return { ...result, calls, left: readdirSync(join(folder, 't')) }
}

test('the example is run in its own words, and its outputs and a summary are printed', () => {
  standIn('balsam', `${init}\n${out}`)
  standIn('balsamd', status)
  const { status: code, stdout, calls, left } = hello()
  expect(stdout).toContain('SQLite driver: sqlite3\n')
  expect(stdout).toContain('$ balsam app --name SayHello --executable "echo hello,"')
  expect(stdout).toContain('hi10: hello, world 10')
  expect(stdout).toMatch(/10 jobs in \d+\.\d\d s, [\d.]+ jobs\/s/)
  expect(calls.filter((call) => call.startsWith('balsam job '))).toHaveLength(10)
  expect(calls.at(-1)).toBe('balsamd stop')
  expect(left).toEqual([])
  expect(code).toBe(0)
})

test('a wrong output fails, and the daemon is stopped and the site removed all the same', () => {
  standIn('balsam', `${init}\nout) echo "hello, world 3" ;;`)
  standIn('balsamd', status)
  const { status: code, stderr, calls, left } = hello()
  expect(stderr).toContain("the output of hi1 should be 'hello, world 1'")
  expect(calls.at(-1)).toBe('balsamd stop')
  expect(left).toEqual([])
  expect(code).toBe(1)
})

test('a command that fails is named with its exit code, and the logs are shown', () => {
  const log = 'mkdir -p "$2/log"; echo "no space" > "$2/log/daemon.log"'
  standIn('balsam', `init) mkdir "$2"; ${log} ;;\nsubmit-launch) exit 9 ;;`)
  standIn('balsamd', status)
  const { status: code, stderr, left } = hello()
  expect(stderr).toContain('ended with exit code 9')
  expect(stderr).toContain('no space')
  expect(left).toEqual([])
  expect(code).toBe(1)
})

test("no command of the example ever sees the user's own site", () => {
  standIn('balsam', `${init}\n${out}\nwait) echo "site is $BALSAM_SITE" ;;`)
  standIn('balsamd', status)
  const { stdout } = hello()
  expect(stdout).toContain(`site is ${join(folder, 't')}`)
  expect(existsSync('/nowhere')).toBe(false)
})

test('an interrupted example stops the daemon and removes its site', async () => {
  standIn('balsam', `${init}\nwait) echo waiting; exec sleep 60 ;;`)
  standIn('balsamd', status)
  const child = spawn(process.execPath, ['scripts/hello.mjs'], {
    cwd: folder,
    env: environment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (text.includes('waiting')) child.kill('SIGTERM')
  })
  expect(await once(child, 'close')).toEqual([1, null])
  expect(said).toContain('interrupted by SIGTERM')
  expect(readFileSync(join(folder, 'calls'), 'utf8').trimEnd()).toMatch(/\nbalsamd stop$/)
  expect(readdirSync(join(folder, 't'))).toEqual([])
})
