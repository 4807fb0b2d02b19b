// The lock file's completion: what a registry left out is found and added.
// Must never use npm or the network; test/integration/scripts does.
import { expect, test } from 'vitest'
import {
  completeLock,
  type Lock,
  missingOptionals,
  platformOfName,
} from '../../../scripts/lock.mjs'

function lockWithout(...names: string[]): Lock {
  const all = ['tool-darwin-arm64', '@tool/linux-x64-musl', 'tool-plain']
  const kept = all.filter((name) => !names.includes(name))
  const optionalDependencies = Object.fromEntries(all.map((name) => [name, '1.2.3']))
  return {
    packages: {
      '': { dependencies: { tool: '1.2.3' } },
      'node_modules/tool': { version: '1.2.3', dev: true, optionalDependencies },
      ...Object.fromEntries(kept.map((name) => [`node_modules/${name}`, { version: '1.2.3' }])),
    },
  }
}

test('a complete lock misses nothing and is left as it is', () => {
  const lock = lockWithout()
  expect(missingOptionals(lock)).toEqual([])
  expect(completeLock(lock)).toEqual({ added: [], unclear: [] })
  expect(lock).toEqual(lockWithout())
})

test('a missing package of another platform gets an entry that npm skips elsewhere', () => {
  const lock = lockWithout('tool-darwin-arm64')
  expect(completeLock(lock).added).toEqual(['tool-darwin-arm64'])
  expect(lock.packages['node_modules/tool-darwin-arm64']).toEqual({
    version: '1.2.3',
    os: ['darwin'],
    cpu: ['arm64'],
    dev: true,
    optional: true,
  })
  expect(missingOptionals(lock)).toEqual([])
})

test('a musl package is marked for musl, so that glibc systems skip it', () => {
  const lock = lockWithout('@tool/linux-x64-musl')
  completeLock(lock)
  expect(lock.packages['node_modules/@tool/linux-x64-musl']).toMatchObject({ libc: ['musl'] })
})

test('a missing package whose name tells no platform is reported, not invented', () => {
  const lock = lockWithout('tool-plain')
  expect(completeLock(lock)).toEqual({ added: [], unclear: ['tool-plain'] })
})

test('an optional package nested below its owner counts as present', () => {
  const lock = lockWithout('tool-plain')
  lock.packages['node_modules/tool/node_modules/tool-plain'] = { version: '1.2.3' }
  expect(missingOptionals(lock)).toEqual([])
})

test.each([
  ['@esbuild/linux-arm64', { os: ['linux'], cpu: ['arm64'] }],
  ['@oxlint/binding-linux-arm-gnueabihf', { os: ['linux'], cpu: ['arm'], libc: ['glibc'] }],
  ['@oxlint/binding-win32-ia32-msvc', { os: ['win32'], cpu: ['ia32'] }],
  ['@rolldown/binding-wasm32-wasi', { cpu: ['wasm32'] }],
  ['fsevents', undefined],
])('the platform of %s is read from its name', (name, platform) => {
  expect(platformOfName(name)).toEqual(platform)
})
