// A site of the built product in a world of temporary directories: bin/balsam, bin/balsamd, bash.
// Must never touch the user's own sites, nor leave a process of a test's site behind.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readSite } from '../../client/sdk/site.ts'
import type { JobDetail, JobItem } from '../../protocol/job.ts'
import type { SeenProcess } from './processes.ts'
import { describe, killNow, processesOf } from './processes.ts'
import { until } from './until.ts'

const root = join(import.meta.dirname, '../..')

/** What a program left behind. */
export interface Outcome {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly out: string
  readonly err: string
}

/** A program under way. */
export interface Running {
  readonly child: ChildProcess
  readonly ended: Promise<Outcome>
  /** What it has said so far, on both streams. */
  said(): string
  /** Resolves when it has said this; fails when it ends before. */
  saying(text: string): Promise<void>
}

/** How a program is started. */
export interface StartOptions {
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly cwd?: string
}

/** The built package, and the directories that stand for a user's own. */
export interface World {
  readonly base: string
  /** The directory of the bins; it is first on the PATH of everything that is started. */
  readonly bin: string
  readonly env: Readonly<Record<string, string>>
  start(program: string, args: readonly string[], options?: StartOptions): Running
  run(program: string, args: readonly string[], options?: StartOptions): Promise<Outcome>
  bash(script: string, options?: StartOptions): Promise<Outcome>
  /** Makes a site `<base>/<name>` (default 'site') and binds the commands to it. */
  makeSite(name?: string): Promise<TestSite>
  /** Binds the commands to a directory that is a site, or will be one. */
  siteAt(path: string): TestSite
  /** Stops the daemons and removes everything; fails when a process had to be killed for that. */
  close(): Promise<void>
}

/** One site and its commands. */
export interface TestSite {
  readonly path: string
  /** The id in site.json, read anew: a copy's changes with its first daemon. */
  id(): string
  balsam(...args: string[]): Promise<Outcome>
  balsamd(...args: string[]): Promise<Outcome>
  start(program: 'balsam' | 'balsamd', args: readonly string[], options?: StartOptions): Running
  bash(script: string, options?: StartOptions): Promise<Outcome>
  /** Runs balsam, which must exit with 0; gives what it printed. */
  ok(...args: string[]): Promise<string>
  /** All jobs. */
  jobs(...filters: string[]): Promise<readonly JobItem[]>
  job(id: number | string): Promise<JobDetail>
  /** Every living process of it. */
  seen(): readonly SeenProcess[]
  /** The same in a line each. */
  processes(): readonly string[]
}

/** Makes a world with a frozen copy of the built bundles: a rebuild meanwhile changes nothing. */
export async function makeWorld(): Promise<World> {
  const base = realpathSync(mkdtempSync(join(tmpdir(), 'balsam-e2e-')))
  const home = makePackage(base)
  for (const name of ['home', 'run', 'work']) mkdirSync(join(base, name), { mode: 0o700 })
  const bin = join(home, 'bin')
  const env = {
    PATH: `${bin}:${process.env['PATH'] ?? '/usr/bin:/bin'}`,
    HOME: join(base, 'home'),
    XDG_STATE_HOME: join(base, 'state'),
    XDG_CONFIG_HOME: join(base, 'config'),
    XDG_CACHE_HOME: join(base, 'cache'),
    XDG_RUNTIME_DIR: join(base, 'run'),
    LANG: 'C.UTF-8',
  }
  const sites = new Map<string, TestSite>()
  const start: World['start'] = (program, args, options = {}) =>
    startProgram(program.includes('/') || program === 'bash' ? program : join(bin, program), args, {
      env: { ...env, ...options.env },
      cwd: options.cwd ?? join(base, 'work'),
    })
  const siteAt = (path: string): TestSite => {
    const known = sites.get(path)
    if (known !== undefined) return known
    const made = makeTestSite(path, start)
    sites.set(path, made)
    return made
  }
  return {
    base,
    bin,
    env,
    start,
    run: (program, args, options) => start(program, args, options).ended,
    bash: (script, options) => start('bash', ['-c', script], options).ended,
    siteAt,
    async makeSite(name = 'site') {
      const path = join(base, name)
      await succeed(start('balsam', ['init', path]))
      return siteAt(path)
    },
    async close() {
      const left: string[] = []
      for (const site of sites.values()) left.push(...(await endSite(site)))
      // BALSAM_TEST_KEEP=1 leaves logs and database to whoever looks for the cause of a failure.
      if (process.env['BALSAM_TEST_KEEP'] === '1') console.log(`kept: ${base}`)
      else rmSync(base, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 })
      if (left.length > 0) throw new Error(`left behind: ${left.join('; ')}`)
    },
  }
}

function makeTestSite(path: string, startIn: World['start']): TestSite {
  const bound = (options: StartOptions = {}): StartOptions => ({
    ...options,
    env: { BALSAM_SITE: path, ...options.env },
  })
  const start: TestSite['start'] = (program, args, options) =>
    startIn(program, args, bound(options))
  const id = (): string => readSite(path)?.siteId ?? 'no site'
  return {
    path,
    id,
    start,
    balsam: (...args) => start('balsam', args).ended,
    balsamd: (...args) => start('balsamd', args).ended,
    bash: (script, options) => startIn('bash', ['-c', script], bound(options)).ended,
    ok: (...args) => succeed(start('balsam', args)),
    async jobs(...filters) {
      const text = await succeed(start('balsam', ['ls', '--all', '--json', ...filters]))
      // A border with our own product, whose document the tests are about.
      return (JSON.parse(text) as { items: JobItem[] }).items
    },
    async job(ref) {
      return JSON.parse(
        await succeed(start('balsam', ['show', String(ref), '--json'])),
      ) as JobDetail
    },
    seen: () => processesOf({ id: id(), path }),
    processes: () => processesOf({ id: id(), path }).map(describe),
  }
}

/** Stops the daemon; what lives after that is killed, and named. */
async function endSite(site: TestSite): Promise<readonly string[]> {
  const id = site.id()
  if (id === 'no site') return []
  const stopped = await site.balsamd('stop')
  const place = { id, path: site.path }
  await until(
    'the processes of the site are gone',
    () => processesOf(place).length === 0,
    5_000,
  ).catch(() => undefined)
  const left = processesOf(place)
  for (const { pid } of left) killNow(pid)
  return [
    ...left.map(describe),
    ...(stopped.code === 0 ? [] : [`balsamd stop: ${stopped.code} ${stopped.err.trim()}`]),
  ]
}

/** bin and dist as they are now, with the checkout's node_modules. */
function makePackage(base: string): string {
  // Without the set-up that `npm run build` begins with: a test must never install anything.
  const script = "import { build } from './scripts/build.mjs'; await build()"
  const args = ['--input-type=module', '--eval', script]
  const built = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' })
  if (built.status !== 0) throw new Error(`the build failed: ${built.stdout}${built.stderr}`)
  const home = join(base, 'package')
  for (const part of ['package.json', 'bin']) {
    cpSync(join(root, part), join(home, part), { recursive: true })
  }
  const isProgram = (path: string): boolean => !/\.map$|\/dist\/types/.test(path)
  cpSync(join(root, 'dist'), join(home, 'dist'), { recursive: true, filter: isProgram })
  symlinkSync(join(root, 'node_modules'), join(home, 'node_modules'))
  return home
}

async function succeed(running: Running): Promise<string> {
  const { code, out, err } = await running.ended
  if (code === 0) return out
  throw new Error(`${running.child.spawnargs.join(' ')} ended with ${code}: ${err}${out}`)
}

function startProgram(
  program: string,
  args: readonly string[],
  options: { readonly env: NodeJS.ProcessEnv; readonly cwd: string },
): Running {
  const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  let out = ''
  let err = ''
  const watchers = new Set<() => void>()
  const heard = (): void => {
    for (const watcher of watchers) watcher()
  }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
    heard()
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text
    heard()
  })
  const ended = new Promise<Outcome>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      resolve({ code, signal, out, err })
      heard()
    })
  })
  return {
    child,
    ended,
    said: () => out + err,
    saying: (text) =>
      new Promise((found, fail) => {
        const look = (): void => {
          if (out.includes(text) || err.includes(text)) found()
          else if (child.exitCode !== null) fail(new Error(`ended without ${text}: ${out}${err}`))
          else return
          watchers.delete(look)
        }
        watchers.add(look)
        look()
      }),
  }
}
