// Where the socket is, and which directories are refused for it.

import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { bindSocket, secureDirectory, socketPath } from '../../../../daemon/links/socket.ts'
import { Fault } from '../../../../protocol/faults.ts'

const uid = process.getuid?.() ?? 0

function directory(): string {
  const made = realpathSync(mkdtempSync(join(tmpdir(), 'bs-')))
  onTestFinished(() => rmSync(made, { recursive: true, force: true }))
  return made
}

function faultOf(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    if (error instanceof Fault) return error.code
    throw error
  }
  return 'none'
}

test('the socket lies in XDG_RUNTIME_DIR when that is ours', () => {
  const runtimeDirectory = directory()
  const place = { runtimeDirectory, temporaryDirectory: '/tmp', uid }
  const path = socketPath('/site', place)
  expect(path.startsWith(`${runtimeDirectory}/balsam/`)).toBe(true)
  expect(socketPath('/other', place)).not.toBe(path)
})

test.each([undefined, '/nowhere/at/all'])(
  'with XDG_RUNTIME_DIR %s it lies in /tmp',
  (runtimeDirectory) => {
    const place = { runtimeDirectory, temporaryDirectory: '/tmp', uid }
    expect(socketPath('/site', place)).toMatch(
      new RegExp(`^/tmp/balsam-${uid}/[0-9a-f]{12}\\.sock$`),
    )
  },
)

test("a runtime directory that is another user's is not used", () => {
  const place = { runtimeDirectory: directory(), temporaryDirectory: '/tmp', uid: uid + 1 }
  expect(socketPath('/site', place)).toMatch(/^\/tmp\/balsam-/)
})

test('a path that the kernel would cut is refused', () => {
  const runtimeDirectory = join(directory(), 'x'.repeat(90))
  mkdirSync(runtimeDirectory)
  const place = { runtimeDirectory, temporaryDirectory: '/tmp', uid }
  expect(faultOf(() => socketPath('/site', place))).toBe('SOCKET_PATH_TOO_LONG')
})

test('a fresh directory is made 0700, whatever the umask', () => {
  const path = join(directory(), 'balsam')
  const umask = process.umask(0)
  secureDirectory(path, uid)
  process.umask(umask)
  expect(lstatSync(path).mode & 0o777).toBe(0o700)
})

test.each([
  ['a symbolic link', (path: string) => symlinkSync('/tmp', path)],
  ['a file', (path: string) => writeFileSync(path, '')],
  [
    'readable by others',
    (path: string) => {
      mkdirSync(path)
      chmodSync(path, 0o755)
    },
  ],
])('a directory that is %s is refused', (_name, make) => {
  const path = join(directory(), 'balsam')
  make(path)
  expect(faultOf(() => secureDirectory(path, uid))).toBe('SOCKET_DIRECTORY_UNSAFE')
})

test("another user's directory is refused", () => {
  const path = join(directory(), 'balsam')
  mkdirSync(path, { mode: 0o700 })
  expect(faultOf(() => secureDirectory(path, uid + 1))).toBe('SOCKET_DIRECTORY_UNSAFE')
})

test('the bound socket is for its owner alone, and a stale one is replaced', async () => {
  const path = join(directory(), 's', 'd.sock')
  const earlier = createServer()
  await bindSocket(earlier, path, uid)
  const server = createServer()
  const umask = process.umask(0)
  const bound = await bindSocket(server, path, uid)
  expect(process.umask(umask)).toBe(0)
  expect(lstatSync(path).mode & 0o777).toBe(0o600)
  earlier.close()
  server.close()
  bound.remove()
  expect(lstatSync(path, { throwIfNoEntry: false })).toBeUndefined()
})

test('what is no socket is never removed to make place for one', async () => {
  const path = join(directory(), 's', 'd.sock')
  mkdirSync(join(path, '..'), { mode: 0o700 })
  writeFileSync(path, 'precious')
  await expect(bindSocket(createServer(), path, uid)).rejects.toMatchObject({
    code: 'SOCKET_DIRECTORY_UNSAFE',
  })
  expect(lstatSync(path).isFile()).toBe(true)
})
