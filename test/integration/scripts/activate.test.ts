// `source balsamactivate` and `source balsamdeactivate`, in a real bash and a real zsh.
// Must never start a daemon: `balsam` is a stand-in that knows two sites.
import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { root } from '../../style/source.ts'

let folder: string

const standIn = `#!/bin/sh
case "$1 $2 $3" in
  'which --name one') echo "$SITES/site one" ;;
  'which --name two') echo "$SITES/two" ;;
  'which --name '*) echo "SITE_MISSING: $3" >&2; exit 7 ;;
  'server --connect '*) echo "connect $BALSAM_SITE" >&2; exit \${CONNECT_CODE:-0} ;;
esac
`

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'balsam-activate-'))
  mkdirSync(join(folder, 'bin'))
  for (const name of ['balsamactivate', 'balsamdeactivate']) {
    cpSync(join(root, 'bin', name), join(folder, 'bin', name))
  }
  writeFileSync(join(folder, 'bin/balsam'), standIn)
  chmodSync(join(folder, 'bin/balsam'), 0o755)
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

function isAbsent(shell: string): boolean {
  return spawnSync(shell, ['-c', ':']).error !== undefined
}

/** Runs a script under `set -u`, so that a careless expansion shows; PS1 is '> '. */
function run(shell: string, script: string, extra: Readonly<Record<string, string>> = {}) {
  const path = `${join(folder, 'bin')}:/usr/bin:/bin`
  const env = { PATH: path, SITES: '/sites', HOME: folder, ...extra }
  const quiet = shell === 'zsh' ? ['-f'] : ['--norc', '--noprofile']
  const text = `set -u; PS1='> '; ${script}`
  const { stdout, stderr, status } = spawnSync(shell, [...quiet, '-c', text], {
    encoding: 'utf8',
    env,
  })
  return { stdout, stderr, status }
}

const tell = 'echo "$? ${BALSAM_SITE-none} ${BALSAM_DB_PATH-none} $PS1"'

describe.each(['bash', 'zsh'])('%s', (shell) => {
  beforeEach((context) => context.skip(isAbsent(shell), `there is no ${shell}`))

  test('activation names the site in both variables, marks the prompt, starts the daemon', () => {
    const { stdout, stderr } = run(shell, `source balsamactivate one; ${tell}`)
    expect(stdout).toBe('0 /sites/site one /sites/site one [BalsamDB: site one] > \n')
    expect(stderr).toBe('connect /sites/site one\n')
  })

  test('the variables reach programs, and no name of ours stays but the two of the prompt', () => {
    const script = 'source balsamactivate one; env | grep -c "^BALSAM_.*=/sites/site one$"; set'
    const { stdout } = run(shell, script)
    expect(stdout.split('\n')[0]).toBe('2')
    expect(stdout).not.toContain('_balsam_')
  })

  test('a second activation replaces the first, in the prompt too', () => {
    const script = `source balsamactivate one; source balsamactivate two; ${tell}`
    expect(run(shell, script).stdout).toBe('0 /sites/two /sites/two [BalsamDB: two] > \n')
  })

  test('deactivation takes back the variables and the prompt', () => {
    const script = `source balsamactivate one; source balsamdeactivate; ${tell}`
    expect(run(shell, script).stdout).toBe('0 none none > \n')
  })

  test('deactivation without activation changes no prompt', () => {
    expect(run(shell, `source balsamdeactivate; ${tell}`).stdout).toBe('0 none none > \n')
  })

  test('a text that means no site changes nothing and gives the exit code of balsam', () => {
    const { stdout, stderr } = run(shell, `source balsamactivate three; ${tell}`)
    expect(stderr).toBe('SITE_MISSING: three\n')
    expect(stdout).toBe('7 none none > \n')
  })

  test('a daemon that does not start leaves the shell as it was', () => {
    const { stdout } = run(shell, `source balsamactivate one; ${tell}`, { CONNECT_CODE: '6' })
    expect(stdout).toBe('6 none none > \n')
  })

  test('where a daemon must not be started, the site is activated without one', () => {
    const extra = { BALSAM_NO_AUTOSTART: '1' }
    const { stdout, stderr } = run(shell, `source balsamactivate two; ${tell}`, extra)
    expect(stdout).toContain('0 /sites/two')
    expect(stderr).toBe('')
  })

  test('without a name it says how it is used', () => {
    const { stdout, stderr } = run(shell, `source balsamactivate ''; ${tell}`)
    expect(stderr).toContain('source balsamactivate PATH|SUBSTRING')
    expect(stdout).toBe('2 none none > \n')
  })

  test('a script that is run instead of sourced refuses, and says so', () => {
    for (const name of ['balsamactivate', 'balsamdeactivate']) {
      for (const start of [name, `${shell} '${join(folder, 'bin', name)}'`]) {
        const { stderr, status } = run(shell, `${start} one`)
        expect(stderr).toContain(`${name}: it must be sourced, by bash or zsh [NOT_SOURCED]`)
        expect(status).toBe(2)
      }
    }
  })
})
