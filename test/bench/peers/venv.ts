// The private virtual environment that holds the Python peers, in the project's cache directory.
// Must never touch another Python installation, and never fail the bench: no venv is a reason.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findProgram, mustRun } from '../measure/programs.ts'

const packages = ['parsl', 'distributed', 'hyperqueue'] as const

/** A usable venv. */
export interface PeerPython {
  readonly python: string
  /** To stand first on PATH: Parsl finds its own programs there. */
  readonly bin: string
  /** Package and version, as pip says. */
  readonly versions: Readonly<Record<string, string>>
}

/**
 * The venv under `cache`; made on first use when `mayInstall`, which takes pip about a minute.
 * Throws with the reason when there is none.
 */
export async function peerPython(cache: string, mayInstall: boolean): Promise<PeerPython> {
  const home = join(cache, 'venv')
  const complete = join(home, 'peers.json')
  if (!existsSync(complete)) {
    if (!mayInstall) throw new Error('not installed; a run without --quick installs it')
    await install(home, complete)
  }
  // Written by install() below, from pip's own list.
  const versions = JSON.parse(readFileSync(complete, 'utf8')) as Record<string, string>
  return { python: join(home, 'bin/python'), bin: join(home, 'bin'), versions }
}

async function install(home: string, complete: string): Promise<void> {
  const python = await findProgram('python3')
  if (python === undefined) throw new Error('no python3 on PATH')
  rmSync(home, { recursive: true, force: true })
  await mustRun(python, ['-m', 'venv', home])
  const pip = ['-m', 'pip', '--disable-pip-version-check']
  const ownPython = join(home, 'bin/python')
  await mustRun(ownPython, [...pip, 'install', '--quiet', ...packages])
  const list = await mustRun(ownPython, [...pip, 'list', '--format=json'])
  // pip's documented format: [{"name": …, "version": …}].
  const found = JSON.parse(list.stdout) as readonly { name: string; version: string }[]
  const versions = Object.fromEntries(found.map(({ name, version }) => [name, version]))
  writeFileSync(complete, JSON.stringify(versions))
}
