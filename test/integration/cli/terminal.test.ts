// What a person at a terminal sees, through a real pseudo-terminal (util-linux `script`).
import { spawnSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeWorld, startLauncher, type World } from '../../support/command-line.ts'

let world: World
beforeAll(async () => {
  world = await makeWorld()
  await world.balsam('app', '--name', 'SayHello', '--executable', 'echo hello,')
})
afterAll(() => world.close())

const hasScript = spawnSync('script', ['--version']).status === 0

/** A bash line on a terminal of so many columns; what the terminal got. */
async function onTerminal(line: string, columns: number, env = {}): Promise<string> {
  const options = { env: { TERM: 'xterm', ...env } }
  const inner = `stty cols ${columns}; ${line}`
  const { out } = await world.bash(
    `export SHELL=/bin/bash; script -qefc ${quote(inner)} /dev/null < /dev/null`,
    options,
  )
  return out
}

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`
const escapes = /\u001b\[[0-9;]*[A-Za-z]/g

// util-linux brings `script`; where it is absent there is no other way to a terminal.
describe.skipIf(!hasScript)('on a terminal', () => {
  test('a table fits a narrow terminal and keeps what matters', async () => {
    const name = `a-rather-long-name-${'x'.repeat(60)}`
    await world.balsam('submit', '--name', name, '--workflow', 'narrow', '--', 'true')
    const out = await onTerminal('balsam ls --workflow narrow', 50, { NO_COLOR: '1' })
    const lines = out.split('\r\n')
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(50)
    expect(out).toContain('PREPROCESSED')
    expect(out).toContain('a-ra')
    expect(out).not.toContain('\u001b')
  })

  test('states are coloured on a terminal, and not where colour is unwanted', async () => {
    await world.balsam('submit', '--workflow', 'colour', '--', 'true')
    expect(await onTerminal('balsam ls --workflow colour', 80)).toContain('\u001b[36mPREPROCESSED')
    for (const env of [{ NO_COLOR: '1' }, { TERM: 'dumb' }]) {
      expect(await onTerminal('balsam ls --workflow colour', 80, env)).not.toContain('\u001b')
    }
  })

  test('a wait draws a bar, wipes it at the end, and ends with a sentence', async () => {
    await world.balsam('submit', '--array', '1-5', '--workflow', 'bar', '--stdout', 'none', 'true')
    const waiting = onTerminal('balsam wait --workflow bar; echo "exit $?"', 80)
    await startLauncher(world)
    const out = await waiting
    expect(out.replaceAll(escapes, '')).toMatch(/\[[█▓·]+\] \d\/5 done/)
    expect(out).toContain('\r\u001b[K')
    expect(out).toMatch(/balsam: 5\/5 done\r\nexit 0\r\n$/)
  })

  test('a person is asked before many jobs are removed, and may say no', async () => {
    await world.balsam('submit', '--array', '1-3', '--workflow', 'asked', '--', 'true')
    const line = 'balsam rm --workflow asked; echo "exit $?"'
    const typed = async (answer: string): Promise<string> => {
      const inner = quote(`stty cols 80; ${line}`)
      const script = `export SHELL=/bin/bash; (sleep 1; echo ${answer}; sleep 2) | script -qefc`
      return (await world.bash(`${script} ${inner} /dev/null`)).out
    }
    expect(await typed('n')).toMatch(/removing 3 jobs: go on\? \[y\/N\](?:.|\s)*exit 8/u)
    expect(await typed('y')).toContain('exit 0')
    expect((await world.balsam('ls', '--workflow', 'asked')).err).toContain('no job matches')
  })

  test('an ASCII locale gets an ASCII bar', async () => {
    await world.balsam('submit', '--workflow', 'ascii', '--', 'true')
    const line = 'balsam wait --workflow ascii --timeout 0.5s'
    const out = await onTerminal(line, 80, { LANG: 'C' })
    expect(out.replaceAll(escapes, '')).toContain('[....')
  })

  test('people get sentences where pipes get ids', async () => {
    const out = await onTerminal('balsam submit --name said -- true', 80)
    expect(out).toMatch(/^job \d+ added: said \(workflow default\)\r\n$/)
  })
})

test('in a pipe a wait writes no escape and no line until there is something to say', async () => {
  await world.balsam('submit', '--workflow', 'piped', '--stdout', 'none', '--', 'true')
  await startLauncher(world)
  const { err } = await world.balsam('wait', '--workflow', 'piped')
  expect(err.split('\n').filter((line) => line.includes('done'))).toEqual(['balsam: 1/1 done'])
  expect(err).not.toContain('\u001b')
})
