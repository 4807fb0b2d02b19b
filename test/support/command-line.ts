// Runs balsam and balsamd from their sources as real processes, in temporary directories.
// Must never touch the user's own sites, and ends the daemons that it started.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { readServer } from '../../client/sdk/site.ts'

const root = join(import.meta.dirname, '../..')
const programs = {
  balsam: join(root, 'client/cli/main.ts'),
  balsamd: join(root, 'client/cli/balsamd-main.ts'),
}

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
  /** Resolves when the text has been written to standard output or error. */
  until(text: string): Promise<void>
}

/** A directory with state, runtime and working directories of its own. */
export interface World {
  readonly base: string
  readonly site: string
  readonly env: Readonly<Record<string, string>>
  start(program: keyof typeof programs, args: readonly string[], options?: Options): Running
  balsam(...args: string[]): Promise<Outcome>
  balsamd(...args: string[]): Promise<Outcome>
  /** A line for bash, in which balsam and balsamd are defined. */
  bash(script: string, options?: Options): Promise<Outcome>
  /** Stops the daemons of these sites (default: the world's own) and removes the world. */
  close(...sites: string[]): Promise<void>
}

/** How a program is started. */
export interface Options {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
}

/** A world whose site is made on first use of `balsam init`, unless `hasSite` is false. */
export async function makeWorld(hasSite = true): Promise<World> {
  const base = realpathSync(mkdtempSync(join(tmpdir(), 'balsam-cli-')))
  const site = join(base, 'site')
  mkdirSync(join(base, 'run'), { mode: 0o700 })
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: join(base, 'home'),
    XDG_STATE_HOME: join(base, 'state'),
    XDG_CONFIG_HOME: join(base, 'config'),
    XDG_RUNTIME_DIR: join(base, 'run'),
    LANG: 'C.UTF-8',
    ...(hasSite ? { BALSAM_SITE: site } : {}),
  }
  const start: World['start'] = (program, args, options = {}) =>
    run(process.execPath, [...flags, programs[program], ...args], {
      env: { ...env, ...options.env },
      cwd: options.cwd ?? base,
    })
  const world: World = {
    base,
    site,
    env,
    start,
    balsam: (...args) => start('balsam', args).ended,
    balsamd: (...args) => start('balsamd', args).ended,
    bash: (script, options = {}) => {
      const functions = Object.entries(programs).map(
        ([name, file]) => `${name}() { '${process.execPath}' ${flags.join(' ')} '${file}' "$@"; }`,
      )
      return run('bash', ['-c', [...functions, 'export -f balsam balsamd', script].join('\n')], {
        env: { ...env, ...options.env },
        cwd: options.cwd ?? base,
      }).ended
    },
    async close(...sites) {
      for (const each of sites.length === 0 ? [site] : sites) {
        await start('balsamd', ['stop', each]).ended
      }
      rmSync(base, { recursive: true, force: true })
    },
  }
  if (hasSite) await world.balsam('init', site)
  return world
}

const flags = ['--disable-warning=ExperimentalWarning']

function run(
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
    until: (text) =>
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

/** Pid of the daemon that serves a site; undefined when none does. */
export function daemonPid(site: string): number | undefined {
  return readServer(site)?.pid
}

/** Starts a launcher that answers tasks at once, for the rest of the test. */
export async function startLauncher(world: World, ...args: string[]): Promise<Running> {
  const launcher = world.start('balsam', ['launcher', '--no-exec', '--cpus', '8', ...args])
  onTestFinished(async () => {
    launcher.child.kill('SIGTERM')
    await launcher.ended
  })
  await launcher.until('launcher of allocation')
  return launcher
}
