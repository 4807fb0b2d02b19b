// The build: one file a program, only what changed, and nothing heavy at the start of the CLI.
// Must never write into this checkout: each test builds a folder of its own.
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { root } from '../../style/source.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'balsam-build-'))
  for (const path of ['package.json', 'package-lock.json', 'scripts']) {
    cpSync(join(root, path), join(folder, path), { recursive: true })
  }
  // Nothing may be installed here: node_modules is the real one.
  write('scripts/setup.mjs', 'export async function setup() {}\n')
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  write('client/cli/main.ts', "import { word } from './word.ts'\nconsole.log(word)\n")
  write('client/cli/word.ts', "export const word = 'first'\n")
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), text)
}

function run(...args: string[]): { code: number | null; said: string } {
  const result = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' })
  return { code: result.status, said: `${result.stdout}${result.stderr}` }
}

const buildAll = () => run('scripts/build.mjs')

test('a program is bundled into one file that runs, with a source map', () => {
  expect(buildAll()).toMatchObject({ code: 0, said: expect.stringContaining('balsam.js made') })
  expect(existsSync(join(folder, 'dist/balsam.js.map'))).toBe(true)
  rmSync(join(folder, 'client'), { recursive: true })
  expect(run('dist/balsam.js').said).toBe('first\n')
})

test('a program is built again when one of its sources changed, and only then', () => {
  buildAll()
  const before = statSync(join(folder, 'dist/balsam.js')).mtimeMs
  expect(buildAll().said).toContain('dist/ is up to date')
  expect(statSync(join(folder, 'dist/balsam.js')).mtimeMs).toBe(before)
  write('client/cli/word.ts', "export const word = 'second'\n")
  expect(buildAll().said).toContain('balsam.js made')
  expect(run('dist/balsam.js').said).toBe('second\n')
})

test('a CLI that imports ws at its start is refused, and one that does so on demand is not', () => {
  write('client/cli/main.ts', "import { WebSocket } from 'ws'\nconsole.log(WebSocket.name)\n")
  const eager = buildAll()
  expect(eager.code).toBe(1)
  expect(eager.said).toContain('client/cli/main.ts imports ws at its start')
  write('client/cli/main.ts', "const ws = await import('ws')\nconsole.log(typeof ws.WebSocket)\n")
  expect(buildAll().code).toBe(0)
  expect(run('dist/balsam.js').said).toBe('function\n')
})

test('a program that cannot be built spares the others, and the build fails', () => {
  write('daemon/main.ts', "import { none } from './none.ts'\nconsole.log(none)\n")
  const { code, said } = buildAll()
  expect(code).toBe(1)
  expect(said).toContain('daemon/main.ts could not be bundled')
  expect(existsSync(join(folder, 'dist/balsam.js'))).toBe(true)
  expect(existsSync(join(folder, 'dist/daemon.js'))).toBe(false)
})

test('the migrations stand beside the bundles, and those that are gone do not', () => {
  write('daemon/store/migrations/0001-first.sql', '-- first\n')
  write('dist/migrations/0000-gone.sql', '-- gone\n')
  buildAll()
  expect(readFileSync(join(folder, 'dist/migrations/0001-first.sql'), 'utf8')).toBe('-- first\n')
  expect(existsSync(join(folder, 'dist/migrations/0000-gone.sql'))).toBe(false)
})

test('a program that imports node:http loads no undici at its start', () => {
  const loaded = "process.moduleLoadList.some((name) => name.includes('undici/undici'))"
  const text = `import { request } from 'node:http'\nconsole.log(typeof request, ${loaded})\n`
  write('client/cli/main.ts', text)
  write('plain.mjs', text)
  buildAll()
  expect(run('dist/balsam.js').said).toBe('function false\n')
  // The reason for the trick; when this one turns false, the trick may go.
  expect(run('plain.mjs').said).toBe('function true\n')
})

test('a bundle sees the same built-in functions, whichever way it imports them', () => {
  write(
    'client/cli/main.ts',
    "import crypto, { createHash } from 'node:crypto'\nimport * as net from 'node:net'\n" +
      "import { EventEmitter } from 'node:events'\nimport process from 'node:process'\n" +
      'class Own extends net.Socket {}\nprocess.exitCode = 3\n' +
      "const same = crypto.createHash === createHash && createHash('md5').digest('hex').length\n" +
      'console.log(same, new Own() instanceof EventEmitter)\n',
  )
  buildAll()
  expect(run('dist/balsam.js')).toEqual({ code: 3, said: '32 true\n' })
})
