// Runs Python test cases against a site of the built product, by the Python of this machine.
// Must never use what is installed there for balsam: the package is taken from the sources.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import type { TestSite, World } from '../../support/site.ts'

const root = join(import.meta.dirname, '../../..')
/** The package's directory, as PYTHONPATH has it. */
export const packageDirectory = join(root, 'client/python')
const cases = join(import.meta.dirname, 'cases')

/** The Python to test with: BALSAM_TEST_PYTHON, or python3. */
export const python = realPython(process.env['BALSAM_TEST_PYTHON'] ?? 'python3')

/** Why the cases can't run here; null when they can. */
export const whyNoPython = python === null ? 'there is no Python 3.9 or newer here' : null

/** Not a shim that chooses anew with each start: the very program. */
function realPython(name: string): string | null {
  const script = 'import sys; print(sys.executable if sys.version_info >= (3, 9) else "")'
  const found = spawnSync(name, ['-c', script], { encoding: 'utf8' })
  return found.status === 0 && found.stdout.trim() !== '' ? found.stdout.trim() : null
}

/** What a module of test cases said. */
export interface Verdict {
  readonly code: number | null
  /** Cases that ran. */
  readonly ran: number
  /** The lines of failures; '' when all is well. */
  readonly complaints: string
  readonly text: string
}

/** Runs all cases of a module in `cases/`. */
export async function runCases(
  world: World,
  site: TestSite,
  module: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Verdict> {
  const path = [packageDirectory, cases].join(':')
  const running = world.start(python ?? '/usr/bin/python3', ['-m', 'unittest', '-v', module], {
    env: { PYTHONPATH: path, PYTHONDONTWRITEBYTECODE: '1', BALSAM_SITE: site.path, ...env },
  })
  const { code, out, err } = await running.ended
  const text = out + err
  const ran = Number(/^Ran (\d+) tests?/m.exec(text)?.[1] ?? 0)
  const failures = text.indexOf('\n======')
  return { code, ran, complaints: code === 0 ? '' : text.slice(Math.max(0, failures)), text }
}
