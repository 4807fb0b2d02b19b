// Sites, settings and logs from the command line.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makeWorld, type World } from '../../support/command-line.ts'

let world: World
beforeEach(async () => {
  world = await makeWorld(false)
})
afterEach(() => world.close(...sites.splice(0)))

/** Sites whose daemons a test has started. */
const sites: string[] = []

test('without any site the default one is made on first use', async () => {
  const site = join(world.base, 'state/balsam/default')
  sites.push(site)
  expect((await world.balsam('which')).err).toContain('chosen by default; it is made on first use')
  expect(existsSync(site)).toBe(false)
  expect((await world.balsam('submit', '--', 'true')).code).toBe(0)
  expect(existsSync(join(site, 'balsam.db'))).toBe(true)
  expect((await world.balsam('which')).out).toBe(`${site}\n`)
})

test('init makes a site, says how to use it, and starts nothing', async () => {
  const { code, out, err } = await world.balsam('init', 'my site')
  expect(code).toBe(0)
  expect(out).toBe(`${join(world.base, 'my site')}\n`)
  expect(err).toContain(`export BALSAM_SITE='${join(world.base, 'my site')}'`)
  expect(existsSync(join(world.base, 'my site/server.json'))).toBe(false)
})

test('which lists known sites, marks the active one and forgets those that are gone', async () => {
  await world.balsam('init', 'exp-a')
  await world.balsam('init', 'exp-b')
  const env = { BALSAM_SITE: join(world.base, 'exp-a') }
  const list = await world.start('balsam', ['which', '--list'], { env }).ended
  expect(list.out).toMatch(/^\*\texp-a\t\S+\tnot running$/m)
  expect(list.out).toMatch(/^\texp-b\t/m)
  expect((await world.balsam('which', '--name', 'exp')).code).toBe(2)
  rmSync(join(world.base, 'exp-a'), { recursive: true })
  expect((await world.balsam('which', '--name', 'exp')).out).toBe(`${join(world.base, 'exp-b')}\n`)
})

test('a .balsam site serves the directories below it', async () => {
  await world.balsam('init', 'project/.balsam')
  const options = { cwd: join(world.base, 'project') }
  const { out, err } = await world.start('balsam', ['which'], options).ended
  expect(out).toBe(`${join(world.base, 'project/.balsam')}\n`)
  expect(err).toContain('working directory')
})

test('settings: shown with their origin, set by one line, never rewritten', async () => {
  await world.balsam('init', 's')
  const env = { BALSAM_SITE: join(world.base, 's') }
  const balsam = (...words: string[]) => world.start('balsam', words, { env }).ended
  const file = join(world.base, 's/config.toml')
  writeFileSync(file, '# by hand\n[log]   # loud\nlevel = "debug" # for now\n')
  const shown = await balsam('config', 'show', '--origin')
  expect(shown.out).toContain(`log.level\tdebug\t${file}:3\n`)
  expect(shown.out).toContain('log.keep\t3\tdefault\n')
  expect((await balsam('config', 'set', 'log.level', 'warn')).code).toBe(0)
  expect((await balsam('config', 'set', 'log.keep', '7')).code).toBe(0)
  expect(readFileSync(file, 'utf8')).toBe(
    '# by hand\n[log]   # loud\nlevel = "warn" # for now\nkeep = 7\n',
  )
  expect((await balsam('config', 'get', 'LOG_HANDLER_LEVEL')).out).toBe('warn\n')
  expect((await balsam('config', 'set', '--user', 'default_project', 'P')).code).toBe(0)
  expect((await balsam('config', 'get', 'default_project')).out).toBe('P\n')
})

test('a wrong settings file is an error with its line for whoever needs it', async () => {
  await world.balsam('init', 's')
  const env = { BALSAM_SITE: join(world.base, 's') }
  writeFileSync(join(world.base, 's/config.toml'), 'defalt_project = "x"\n')
  for (const words of [
    ['config', 'show'],
    ['submit-launch', '-t', '5'],
  ]) {
    const { code, err } = await world.start('balsam', words, { env }).ended
    expect(code).toBe(2)
    expect(err).toContain(
      `config.toml:1: there is no setting defalt_project (did you mean default_project?)`,
    )
  }
})

test('log prints what the daemon logged, also when none runs', async () => {
  const site = join(world.base, 's')
  await world.balsam('init', 's')
  expect((await world.balsam('--site', site, 'log')).code).toBe(3)
  await world.balsamd('start', site)
  await world.balsamd('stop', site)
  const { code, out } = await world.balsam('--site', site, 'log', '--daemon')
  expect(code).toBe(0)
  expect(out).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d INFO {2}serving {2}/m)
  const raw = await world.balsam('--site', site, 'log', '--daemon', '--raw', '-n', '1')
  expect(raw.out).toMatch(/^\{.*\}\n$/)
  const whole = await world.balsam('--site', site, 'log', '--json', '-n', '1')
  expect(JSON.parse(whole.out)).toMatchObject({
    schema: 'balsam.log/1',
    items: [{ file: 'log/balsamd.log', level: 'info', msg: 'stopped' }],
    total: 1,
    truncated: true,
  })
})

test('curl can use the daemon as the guide says', async () => {
  const site = join(world.base, 's')
  await world.balsam('init', 's')
  sites.push(site)
  await world.balsamd('start', site)
  const { out, code } = await world.bash(
    `socket=$(sed -n 's/.*"socket": "\\(.*\\)",/\\1/p' "$BALSAM_SITE/server.json")
    printf '%s\\n' '{"name":"a","command":["true"],"cwd":"/"}' '{"name":"b","command":["true"]}' |
      curl -s --unix-socket "$socket" -T - -X POST -H 'idempotency-key: k' \
        http://balsam/v1/submissions
    curl -s --unix-socket "$socket" 'http://balsam/v1/jobs?name=b'`,
    { env: { BALSAM_SITE: site } },
  )
  expect(code).toBe(0)
  const [receipt, page] = out.trim().split('\n')
  expect(JSON.parse(receipt ?? '')).toMatchObject({ total: 2, ranges: [[1, 2]] })
  expect(JSON.parse(page ?? '')).toMatchObject({ total: 1, items: [{ id: 2, name: 'b' }] })
})
