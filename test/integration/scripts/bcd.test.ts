// `. bcd JOB` in a real bash and a real zsh. `balsam` is a stand-in that knows one job.
import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { root } from '../../style/source.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'balsam-bcd-'))
  for (const name of ['bin', 'a job']) mkdirSync(join(folder, name))
  cpSync(join(root, 'bin/bcd'), join(folder, 'bin/bcd'))
  writeFileSync(
    join(folder, 'bin/balsam'),
    `#!/bin/sh
case "$*" in
  'show --workdir -- 7') echo '${folder}/a job' ;;
  'show --workdir -- 8') echo '${folder}/not yet' ;;
  *) echo 'JOB_UNKNOWN' >&2; exit 3 ;;
esac
`,
  )
  chmodSync(join(folder, 'bin/balsam'), 0o755)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe.each(['bash', 'zsh'])('in %s', (shell) => {
  const isAbsent = spawnSync(shell, ['-c', ':']).error !== undefined
  const run = (script: string) => {
    const quiet = shell === 'zsh' ? ['-f'] : ['--norc', '--noprofile']
    const found = spawnSync(shell, [...quiet, '-c', `set -u; ${script}; echo "$? $PWD"`], {
      encoding: 'utf8',
      cwd: folder,
      env: { PATH: `${folder}/bin:/usr/bin:/bin`, HOME: folder },
    })
    return { out: found.stdout.trimEnd(), err: found.stderr }
  }

  test.skipIf(isAbsent)('a job changes the shell to its directory, blanks and all', () => {
    expect(run('. bcd 7')).toEqual({ out: `0 ${folder}/a job`, err: '' })
  })

  test.skipIf(isAbsent)('a directory that is not there yet leaves the shell where it is', () => {
    const { out, err } = run('. bcd 8')
    expect([out, err]).toEqual([`3 ${folder}`, expect.stringContaining('made when the job writes')])
  })

  test.skipIf(isAbsent)('an unknown job and a missing name leave the shell where it is', () => {
    expect(run('. bcd 9').out).toBe(`3 ${folder}`)
    expect(run('. bcd').out).toBe(`2 ${folder}`)
  })

  test.skipIf(isAbsent)('bcd says so when it is not sourced', () => {
    const { out, err } = run('bcd 7')
    expect([out, err]).toEqual([`2 ${folder}`, expect.stringContaining('must be sourced')])
  })
})
