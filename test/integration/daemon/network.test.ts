// Launchers over TLS, with the built product: who listens, who gets in, and where the key is.
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { daemonOf, endDaemon } from '../../support/daemon.ts'
import { listenersOf } from '../../support/listeners.ts'
import { programOf } from '../../support/processes.ts'
import type { TestSite, World } from '../../support/site.ts'
import { makeWorld } from '../../support/site.ts'
import { until } from '../../support/until.ts'
import { launch, submitSteered } from './tasks.ts'

let world: World
let site: TestSite
beforeEach(async () => {
  world = await makeWorld()
  site = await world.makeSite()
})
afterEach(() => world.close())

/** Settings of a site whose launchers come over the network. */
function useTls(): void {
  const text = '[links]\nlisten = "127.0.0.1:0"\n\n[launcher]\nlink = "tls"\n'
  writeFileSync(join(site.path, 'config.toml'), text)
}

const loopback = '0100007F'
const runFile = (name: string): string => join(site.path, 'run/allocation-1', name)

/** What an allocation's launchers are told of the daemon. */
function address(): { readonly socket: unknown; readonly tls: { readonly port: number } | null } {
  // A border with our own product, whose file the tests are about.
  return JSON.parse(readFileSync(runFile('allocation.json'), 'utf8')) as ReturnType<typeof address>
}

test('a site without links.listen listens on no network', async () => {
  await launch(site)
  expect(listenersOf(daemonOf(site.path).pid)).toEqual([])
  expect(address()).toMatchObject({ socket: daemonOf(site.path).socket, tls: null })
  expect(existsSync(runFile('launcher.key'))).toBe(false)
})

test('ten hello jobs run over TLS, and only the loopback is listened on', async () => {
  useTls()
  const { code, err } = await site.bash(`set -e
    balsam app --name SayHello --executable "echo hello,"
    for i in {1..10}; do
      balsam job --name hi$i --workflow test --application SayHello --args "world $i"
    done
    balsam submit-launch -A Project -q Queue -t 5 -n 2 --job-mode=serial
    balsam wait --workflow test --timeout 60s`)
  expect({ code, err }).toMatchObject({ code: 0 })
  const port = address().tls?.port
  expect(listenersOf(daemonOf(site.path).pid)).toEqual([{ address: loopback, port }])
  expect(address().socket).toBeNull()
  const jobs = await site.jobs()
  expect(jobs.map(({ state, attempts }) => `${state} ${attempts}`)).toEqual(
    Array.from({ length: 10 }, () => 'JOB_FINISHED 1'),
  )
  expect(await site.ok('out', 'hi3')).toBe('hello, world 3\n')
})

test('a key is in its file and nowhere else: no argv, no environment, no log', async () => {
  useTls()
  const job = await submitSteered(site, world.base, { name: 'j', prefix: 'env >"$0.env"; ' })
  await launch(site)
  await job.running()
  const key = readFileSync(runFile('launcher.key'), 'utf8').trim()
  expect([key.length, statSync(runFile('launcher.key')).mode & 0o777]).toEqual([64, 0o600])
  const seen = site.seen()
  expect(new Set(seen.map(programOf))).toContain('launcher')
  const told = seen.flatMap(({ command, variables }) => [...command, ...Object.values(variables)])
  const texts = [readFileSync(join(world.base, 'j.env'), 'utf8'), ...told, ...textsIn(site.path)]
  expect(texts.filter((text) => text.toLowerCase().includes(key))).toEqual([])
  job.letGo()
  expect(await site.balsam('wait', '--timeout', '30s')).toMatchObject({ code: 0 })
})

/** Every file of the site but keys. */
function textsIn(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== 'launcher.key')
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
}

test('launchers find the next daemon, whose port is another, and their tasks go on', async () => {
  useTls()
  const job = await submitSteered(site, world.base, { name: 'j' })
  await launch(site)
  await job.running()
  await endDaemon(site.path, 'SIGKILL')
  await site.ok('ls')
  job.letGo()
  expect(await site.balsam('wait', '--timeout', '60s')).toMatchObject({ code: 0 })
  expect(await site.job('j')).toMatchObject({ state: 'JOB_FINISHED', attempts: 1 })
  const port = address().tls?.port
  expect(listenersOf(daemonOf(site.path).pid)).toEqual([{ address: loopback, port }])
})

test('a key goes when its allocation has ended', async () => {
  useTls()
  await launch(site)
  await until('there is a key', () => existsSync(runFile('launcher.key')))
  expect(await site.balsamd('stop')).toMatchObject({ code: 0 })
  expect(existsSync(runFile('launcher.key'))).toBe(false)
})

test('an address that cannot be had keeps the daemon from serving, and says which', async () => {
  writeFileSync(join(site.path, 'config.toml'), '[links]\nlisten = "192.0.2.1:4242"\n')
  const { code, err } = await site.balsam('ls')
  expect(code).toBe(7)
  expect(err).toContain('cannot listen on 192.0.2.1:4242')
  expect(err).toContain('[LISTEN_FAILED]')
  writeFileSync(join(site.path, 'config.toml'), '')
  expect(await site.balsam('ls')).toMatchObject({ code: 0 })
})
