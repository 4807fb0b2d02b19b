// What config.toml does to a running site, with the built product.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { TestSite, World } from '../../support/site.ts'
import { makeWorld } from '../../support/site.ts'
import { launch } from './tasks.ts'

let world: World
let site: TestSite
beforeEach(async () => {
  world = await makeWorld()
  site = await world.makeSite()
})
afterEach(() => world.close())

function set(text: string): void {
  writeFileSync(join(site.path, 'config.toml'), text)
}

test.each([
  ['launcher.kill_grace = "soon"', 2, 'BAD_FIELD'],
  ['log.level = "loud"', 2, 'SETTING_INVALID'],
  ['log.levl = "info"', 2, 'SETTING_UNKNOWN'],
  ['log = = 1', 2, 'SETTINGS_UNREADABLE'],
  ['launcher.link = "tls"', 2, 'SETTING_INVALID'],
  ['links.listen = "here"', 2, 'SETTING_INVALID'],
])('no daemon starts with %s, and the file is named', async (text, exit, code) => {
  set(`${text}\n`)
  const { code: found, err } = await site.balsam('ls')
  expect([found, err]).toEqual([exit, expect.stringContaining(`[${code}]`)])
  expect(err).toContain(`${site.path}/config.toml:1`)
})

test('the driver is the one that is asked for, and the status says why', async () => {
  set('database.driver = "node:sqlite"\n')
  await site.ok('ls')
  expect((await site.balsamd('status')).out).toMatch(/database +node:sqlite \(it was asked for\)/)
})

test("the site's settings go over the user's", async () => {
  mkdirSync(join(world.base, 'config/balsam'), { recursive: true })
  const user = 'database.driver = "sqlite3"\nlog.level = "error"\n'
  writeFileSync(join(world.base, 'config/balsam/config.toml'), user)
  set('database.driver = "node:sqlite"\n')
  await site.ok('ls')
  expect((await site.balsamd('status')).out).toContain('node:sqlite')
  expect(readFileSync(join(site.path, 'log/balsamd.log'), 'utf8')).toBe('')
})

test("an allocation's launchers are told of grace, spawners and log", async () => {
  set(
    'log = { level = "warn", size_mib = 2, keep = 1 }\n' +
      'launcher = { kill_grace = "1.5s", spawner = "child", spawners = 3 }\n',
  )
  await launch(site)
  const text = readFileSync(join(site.path, 'run/allocation-1/allocation.json'), 'utf8')
  expect(JSON.parse(text)).toMatchObject({
    killGraceMs: 1_500,
    spawnerKind: 'child',
    spawners: 3,
    log: { level: 'warn', fileBytesMax: 2 * 1024 * 1024, filesKept: 1 },
  })
})

test('the daemon logs into its file, which is turned over by size', async () => {
  set('log = { size_mib = 1, keep = 1 }\n')
  const file = join(site.path, 'log/balsamd.log')
  mkdirSync(join(site.path, 'log'))
  writeFileSync(file, 'x'.repeat(1024 * 1024 - 100))
  await site.ok('ls')
  expect(readdirSync(join(site.path, 'log')).sort()).toEqual([
    'balsamd.err',
    'balsamd.log',
    'balsamd.log.1',
  ])
  expect(readFileSync(file, 'utf8')).toContain('"msg":"serving"')
  expect(readFileSync(join(site.path, 'log/balsamd.err'), 'utf8')).toBe('')
})
