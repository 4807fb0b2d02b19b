// The package as pip installs it from the repository: with nothing to fetch.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { packageDirectory, python, whyNoPython } from './support.ts'

/** Debian's Python comes without venv and pip: package python3-venv. */
const hasVenv =
  whyNoPython === null &&
  spawnSync(python ?? '', ['-c', 'import ensurepip, venv'], { encoding: 'utf8' }).status === 0

// Without venv there is no place to install to that is not somebody's.
test.skipIf(!hasVenv)('pip installs the package from the repository without a network', () => {
  const directory = mkdtempSync(join(tmpdir(), 'balsam-venv-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  const run = (program: string, args: readonly string[]) =>
    spawnSync(program, args, {
      cwd: directory,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], PIP_NO_INDEX: '1', PIP_DISABLE_PIP_VERSION_CHECK: '1' },
    })
  expect(run(python ?? '', ['-m', 'venv', directory]).status).toBe(0)
  const own = join(directory, 'bin/python')
  const installed = run(own, ['-m', 'pip', 'install', '--quiet', packageDirectory])
  expect({ said: installed.stderr, status: installed.status }).toEqual({ said: '', status: 0 })
  const asked = 'import balsam, balsam.launcher.dag; print(balsam.__file__, balsam.Executor)'
  const { stdout } = run(own, ['-c', asked])
  expect(stdout).toContain(`${directory}/lib`)
  expect(stdout).toContain('balsam.executor.Executor')
})
