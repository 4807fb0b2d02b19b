// Installing what is missing, with the real npm against a registry on this machine.
// Must never touch this checkout: each test works in a copy of its own.
import { execFile } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { root } from '../../style/source.ts'
import { integrityOf, type Registry, type Served, startRegistry } from './registry.ts'

const foreign = 'tool-darwin-arm64'
const tool: Served = {
  name: 'tool',
  version: '1.0.0',
  optionalDependencies: { [foreign]: '1.0.0' },
}
const foreignEntry = { version: '1.0.0', os: ['darwin'], cpu: ['arm64'], optional: true }

let folder: string
let registry: Registry

beforeEach(async () => {
  registry = await startRegistry([tool])
  folder = mkdtempSync(join(tmpdir(), 'balsam-setup-'))
  mkdirSync(join(folder, 'scripts'))
  for (const name of ['setup', 'lock', 'paths']) {
    cpSync(join(root, `scripts/${name}.mjs`), join(folder, `scripts/${name}.mjs`))
  }
  const manifest = { name: 'fixture', version: '1.0.0', dependencies: { tool: '1.0.0' } }
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
})

afterEach(async () => {
  await registry.close()
  rmSync(folder, { recursive: true, force: true })
})

function writeLock(extra: Readonly<Record<string, unknown>>): void {
  const { optionalDependencies } = tool
  const packages = {
    '': { name: 'fixture', version: '1.0.0', dependencies: { tool: '1.0.0' } },
    'node_modules/tool': { version: '1.0.0', integrity: integrityOf(tool), optionalDependencies },
    ...extra,
  }
  const lock = { name: 'fixture', version: '1.0.0', lockfileVersion: 3, requires: true, packages }
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(lock, null, 2))
}

async function runSetup(): Promise<string> {
  const env: NodeJS.ProcessEnv = { PATH: process.env['PATH'], HOME: folder }
  env['npm_config_registry'] = registry.url
  env['npm_config_cache'] = join(folder, 'cache')
  env['npm_config_update_notifier'] = 'false'
  const options = { cwd: folder, env, encoding: 'utf8' as const }
  return (await promisify(execFile)(process.execPath, ['scripts/setup.mjs'], options)).stdout
}

function isInstalled(): boolean {
  return existsSync(join(folder, 'node_modules/tool/package.json'))
}

test('a complete lock is installed, and the second time nothing is done or asked', async () => {
  writeLock({ [`node_modules/${foreign}`]: foreignEntry })
  expect(await runSetup()).toContain('node_modules is absent')
  expect(isInstalled()).toBe(true)
  const askedBefore = registry.asked.length
  expect(askedBefore).toBeGreaterThan(0)
  expect(await runSetup()).toBe('setup: everything is there\n')
  expect(registry.asked.length).toBe(askedBefore)
})

test('a lock that npm ci refuses for want of foreign packages is completed', async () => {
  writeLock({})
  const said = await runSetup()
  expect(said).toContain('npm refuses package-lock.json')
  expect(said).toContain('1 added')
  expect(said).not.toContain('falling back')
  expect(isInstalled()).toBe(true)
  const lock = readFileSync(join(folder, 'package-lock.json'), 'utf8')
  expect(JSON.parse(lock)).toHaveProperty(['packages', `node_modules/${foreign}`], foreignEntry)
})

test('a lock that names an unfitting version falls back to npm install', async () => {
  writeLock({ 'node_modules/tool': { version: '9.9.9' } })
  const said = await runSetup()
  expect(said).toContain('falling back to npm install')
  expect(isInstalled()).toBe(true)
})

test('a changed lock is installed anew', async () => {
  writeLock({ [`node_modules/${foreign}`]: foreignEntry })
  await runSetup()
  rmSync(join(folder, 'node_modules/tool'), { recursive: true })
  writeLock({ [`node_modules/${foreign}`]: { ...foreignEntry, cpu: ['x64'] } })
  expect(await runSetup()).toContain('package-lock.json has changed')
  expect(isInstalled()).toBe(true)
})
