// Starts that fail after the site was taken: nothing that was taken is kept, so that the next start
// serves. In this process, where no exit could hide what is left.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { makeSite, readServer } from '../../../client/sdk/site.ts'
import { realClock } from '../../../daemon/ports/clock.ts'
import { realRandomness } from '../../../daemon/ports/randomness.ts'
import { type Reign, startReign } from '../../../daemon/process/run.ts'
import { settingsOf } from '../../../daemon/process/settings.ts'
import { until } from '../../support/until.ts'

const silent = (): void => undefined
const log = { debug: silent, info: silent, warn: silent, error: silent }

let base: string
let site: string
/** What a daemon would have died of. */
let deaths: unknown[]
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'balsam-start-'))
  for (const name of ['run', 'home']) mkdirSync(join(base, name), { mode: 0o700 })
  vi.stubEnv('XDG_RUNTIME_DIR', join(base, 'run'))
  vi.stubEnv('XDG_CONFIG_HOME', join(base, 'home'))
  site = makeSite(join(base, 'site'))
  deaths = []
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(base, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 })
})

async function start(): Promise<Reign> {
  return startReign({
    site,
    isTakeover: false,
    clock: realClock(),
    random: realRandomness(),
    log,
    settings: await settingsOf(site, process.env),
    die: (error) => deaths.push(error),
  })
}

/** Runners that this process has started and that live. */
function runners(): number {
  const tasks = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim().split(' ')
  const command = (pid: string): string => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
    } catch {
      return ''
    }
  }
  return tasks.filter((pid) => command(pid).includes('daemon/runner/main.ts')).length
}

/** What a start says that fails and leaves nothing; `mend` takes its cause away. */
async function failAndMend(mend: () => void): Promise<unknown> {
  const said = await start().then(
    () => 'it serves',
    (error: unknown) => error,
  )
  expect(readServer(site)).toBeUndefined()
  await until('the runner has ended', () => runners() === 0)
  mend()
  const reign = await start()
  expect(readServer(site)?.pid).toBe(process.pid)
  await reign.stop('restart', 'the test ends')
  return said
}

test('a start that finds a newer database gives the site back', async () => {
  await (await start()).stop('restart', 'the database is there')
  const setVersion = (version: number): number => {
    const database = new DatabaseSync(join(site, 'balsam.db'))
    const before = Number(database.prepare('PRAGMA user_version').get()?.['user_version'])
    database.exec(`PRAGMA user_version=${version}`)
    database.close()
    return before
  }
  const known = setVersion(999)
  const said = await failAndMend(() => setVersion(known))
  expect({ said, deaths }).toMatchObject({ said: { code: 'DATABASE_NEWER' }, deaths: [] })
})

test('a start that can not listen where it should gives the site back', async () => {
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  const address = other.address()
  const port = typeof address === 'object' ? address?.port : 0
  const settings = join(site, 'config.toml')
  writeFileSync(settings, `[links]\nlisten = "127.0.0.1:${port}"\n`)
  const said = await failAndMend(() => rmSync(settings))
  expect({ said, deaths }).toMatchObject({ said: { code: 'LISTEN_FAILED' }, deaths: [] })
  await new Promise((resolve) => other.close(resolve))
})

test('a start that can not be announced closes its links and gives the site back', async () => {
  const obstacle = join(site, 'server.json.new')
  mkdirSync(obstacle)
  const said = await failAndMend(() => rmSync(obstacle, { recursive: true }))
  expect({ said, deaths }).toMatchObject({ said: { code: 'SITE_NOT_WRITABLE' }, deaths: [] })
})
