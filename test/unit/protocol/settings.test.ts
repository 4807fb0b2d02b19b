// Settings: defaults, layers, checks, the names of Balsam 0.3, and changing one line of a file.
import { expect, test } from 'vitest'
import { droppedSettings, settingTable, toSettings } from '../../../protocol/settings.ts'
import { readSettings } from '../../../protocol/settings-files.ts'
import { lineOfSetting, withSetting } from '../../../protocol/settings-text.ts'

const read = (...texts: string[]): ReturnType<typeof readSettings> =>
  readSettings(texts.map((text, index) => ({ path: `/f${index}.toml`, text })))

test('a missing key means its default, and nothing is a valid file', async () => {
  const { values, origins } = await read('')
  expect(values['scheduler']).toBe('local')
  expect(new Set(Object.values(origins))).toEqual(new Set(['default']))
  expect(toSettings(values)).toEqual(toSettings({}))
})

test('the site goes over the user, and each value knows its file and line', async () => {
  const user = 'default_project = "mine"\n[log]\nlevel = "warn"\nkeep = 7\n'
  const { values, origins } = await read(user, '# site\n\n[log]\nlevel = "debug"\n')
  expect(values).toMatchObject({ default_project: 'mine', 'log.level': 'debug', 'log.keep': 7 })
  expect(origins).toMatchObject({
    default_project: '/f0.toml:1',
    'log.level': '/f1.toml:4',
    'log.keep': '/f0.toml:4',
  })
})

test('an unknown key is an error with file, line and the nearest name', async () => {
  await expect(read('[log]\nlevl = "info"\n')).rejects.toThrow(
    '/f0.toml:2: there is no setting log.levl (did you mean log.level?)',
  )
})

test.each([
  ['log.level = "loud"', /log.level = "loud": it must be one of debug, info, warn, error/],
  ['log.keep = "3"', /whole number from 0 to 1000/],
  ['log.keep = 1.5', /whole number/],
  ['log.size_mib = 0', /whole number from 1/],
  ['default_project = 5', /text in quotes/],
  ['default_project = ["a"]', /text in quotes/],
  ['launcher.kill_grace = "soon"', /no duration/],
])('a wrong value is an error: %s', async (text, message) => {
  await expect(read(text)).rejects.toThrow(message)
})

test.each([
  ['127.0.0.1:0', { host: '127.0.0.1', port: 0 }],
  ['login-1.site:4242', { host: 'login-1.site', port: 4242 }],
  ['[::1]:65535', { host: '::1', port: 65_535 }],
  ['', null],
])('an address to listen on may be "%s"', async (text, listen) => {
  const { values } = await read(`links.listen = "${text}"`)
  expect(toSettings(values).listen).toEqual(listen)
})

test.each(['4242', 'here', 'here:65536', '::1:80', ':80', 'a b:1'])(
  'an address to listen on is not "%s"',
  async (text) => {
    await expect(read(`links.listen = "${text}"`)).rejects.toThrow(/it must be HOST:PORT/)
  },
)

test('a file that is no TOML is an error with its line', async () => {
  await expect(read('a = 1\nb = = 2\n')).rejects.toThrow(/^\/f0.toml:2 is not valid TOML/)
})

test('a duration may be a number of seconds', async () => {
  const { values } = await read('[launcher]\nkill_grace = 12\n')
  expect(toSettings(values).killGraceMs).toBe(12_000)
})

test('names of Balsam 0.3 are understood in the units of Balsam 0.3', async () => {
  const old =
    'DEFAULT_PROJECT = "p"\nLOG_HANDLER_LEVEL = "WARNING"\nLOG_FILE_SIZE_LIMIT = 104857600\n'
  const { values } = await read(old)
  expect(values).toMatchObject({ default_project: 'p', 'log.level': 'warn', 'log.size_mib': 100 })
})

test('every setting of Balsam 0.3 is mapped or refused by name', async () => {
  // The list of balsam-0.3.md §1.12, LOG_* written out.
  const known = `SCHEDULER_CLASS SCHEDULER_SUBMIT_EXE SCHEDULER_STATUS_EXE DEFAULT_PROJECT
    SERVICE_PERIOD NUM_TRANSITION_THREADS MAX_CONCURRENT_MPIRUNS LOG_HANDLER_LEVEL
    LOG_BACKUP_COUNT LOG_FILE_SIZE_LIMIT QUEUE_POLICY JOB_TEMPLATE`.split(/\s+/)
  const mapped = settingTable.flatMap(({ old }) => (old === undefined ? [] : [old]))
  expect(known.filter((name) => !mapped.includes(name) && !(name in droppedSettings))).toEqual([])
  await expect(read('SERVICE_PERIOD = 1')).rejects.toThrow(/SERVICE_PERIOD .*no counterpart/)
})

test('every default passes its own check', async () => {
  const text = settingTable.map(({ name, fallback }) => `${name} = ${JSON.stringify(fallback)}`)
  const { values } = await read(text.join('\n'))
  expect(values).toEqual(Object.fromEntries(settingTable.map((each) => [each.name, each.fallback])))
})

const file = `# mine
default_project = "a" # keep this

[log]
# quiet
level = "info"

[launcher]
spawners = 2
`

test('setting a value changes its line alone, and keeps its comment', () => {
  const changed = withSetting(file, 'default_project', '"b"')
  expect(changed).toBe(file.replace('"a" # keep', '"b" # keep'))
})

test('a new key goes behind the last one of its table', () => {
  const changed = withSetting(file, 'log.keep', '9')
  expect(changed).toBe(file.replace('level = "info"\n', 'level = "info"\nkeep = 9\n'))
})

test('a new key without a table goes before the first table', () => {
  const changed = withSetting(file, 'default_queue', '"q"')
  expect(changed).toBe(file.replace('this\n', 'this\ndefault_queue = "q"\n'))
})

test('a new table goes to the end', () => {
  expect(withSetting(file, 'database.driver', '"auto"')).toBe(
    `${file}\n[database]\ndriver = "auto"\n`,
  )
  expect(withSetting('', 'log.keep', '1')).toBe('[log]\nkeep = 1\n')
})

test('a hash within a quoted value is no comment', () => {
  expect(withSetting('default_project = "a#b" # c\n', 'default_project', '"d"')).toBe(
    'default_project = "d" # c\n',
  )
})

test('the line of a setting is found in tables and with dots', () => {
  expect(lineOfSetting(file, 'log.level')).toBe(6)
  expect(lineOfSetting('log.level = "info"', 'log.level')).toBe(1)
  expect(lineOfSetting(file, 'log.keep')).toBeUndefined()
})
