// The runner as a real process: commands, detached starts, signals by identity and by marker.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { ProcessIdentity } from '../../../../daemon/ports/process-identity.ts'
import { isLiving, readProcess } from '../../../../daemon/ports/process-identity.ts'
import type { RunCommand, StartCommand } from '../../../../daemon/runner/messages.ts'
import type { Runner } from '../../../../daemon/runner/runner.ts'
import { RunnerLost } from '../../../../daemon/runner/runner.ts'
import { readClaim } from '../../../../daemon/runner/start.ts'
import { testDirectory, testMarker, testRunner, until } from './runner-fixture.ts'

const env = { PATH: process.env['PATH'] ?? '/usr/bin:/bin' }

function run(...argv: readonly string[]): RunCommand {
  return { op: 'run', argv, env, cwd: '/', timeoutMs: 30_000 }
}

function start(directory: string, marker: string, script: string, name = 'claim'): StartCommand {
  return {
    op: 'start',
    argv: ['/bin/sh', '-c', script],
    env: { ...env, BALSAM_ALLOCATION_MARKER: marker },
    cwd: directory,
    log: join(directory, 'log'),
    claim: join(directory, name),
  }
}

async function started(runner: Runner, command: StartCommand): Promise<ProcessIdentity> {
  const result = await runner.ask(command)
  if (result.kind !== 'started') throw new Error(JSON.stringify(result))
  return result
}

test('a command gives its code and what it said, its arguments untouched', async () => {
  const runner = testRunner()
  const text = 'a "b" $c \n\\ ä'
  const result = await runner.ask(
    run('/bin/sh', '-c', 'printf %s "$1"; echo oh >&2; exit 3', 'sh', text),
  )
  expect(result).toEqual({
    code: 3,
    signal: null,
    stdout: text,
    stderr: 'oh\n',
    isTimedOut: false,
    isTruncated: false,
  })
})

test('a command sees its own environment and nothing of the daemon', async () => {
  const runner = testRunner()
  const result = await runner.ask({ ...run('/usr/bin/env'), env: { A: 'b c' } })
  expect(result.stdout).toBe('A=b c\n')
})

test('a command that takes too long is ended with all its children', async () => {
  const runner = testRunner()
  const marker = testMarker(runner)
  const command = run('/bin/sh', '-c', 'sleep 600 & sleep 600')
  const result = await runner.ask({
    ...command,
    env: { ...env, BALSAM_ALLOCATION_MARKER: marker },
    timeoutMs: 300,
  })
  expect(result).toMatchObject({ isTimedOut: true, signal: 'SIGKILL' })
  await until(async () => {
    const { pids } = await runner.ask({ op: 'living', markers: [marker] })
    return pids[marker] === undefined
  })
})

test('a grandchild that keeps the pipes open does not hold the answer up', async () => {
  const runner = testRunner()
  const marker = testMarker(runner)
  const result = await runner.ask({
    ...run('/bin/sh', '-c', 'sleep 600 & echo done'),
    env: { ...env, BALSAM_ALLOCATION_MARKER: marker },
  })
  expect(result).toMatchObject({ code: 0, stdout: 'done\n', isTimedOut: false })
})

test('what a command says beyond the limit is dropped, and said to be', async () => {
  const runner = testRunner()
  const result = await runner.ask(run('/bin/sh', '-c', 'head -c 9000000 /dev/zero | tr "\\0" x'))
  expect(result.isTruncated).toBe(true)
  expect(result.stdout).toHaveLength(8 * 1024 * 1024)
})

test('a command that is not there is an error, and the runner goes on', async () => {
  const runner = testRunner()
  await expect(runner.ask(run('/nowhere/x'))).rejects.toThrow('ENOENT')
  expect((await runner.ask(run('/bin/true'))).code).toBe(0)
})

test('a started process lives in a session of its own, with its output in the log', async () => {
  const runner = testRunner()
  const directory = testDirectory()
  const marker = testMarker(runner)
  const identity = await started(runner, start(directory, marker, 'echo hello; exec sleep 600'))
  await until(() => readFileSync(join(directory, 'log'), 'utf8') === 'hello\n')
  const fields = readFileSync(`/proc/${identity.pid}/stat`, 'utf8').split(') ')[1]?.split(' ')
  expect(Number(fields?.[3])).toBe(identity.pid)
  expect(readClaim(join(directory, 'claim'))?.started).toMatchObject({ pid: identity.pid })
})

test('one claim starts one process, however often it is asked for', async () => {
  const runner = testRunner()
  const directory = testDirectory()
  const command = start(directory, testMarker(runner), 'echo x')
  const results = await Promise.all([1, 2, 3].map(() => runner.ask(command)))
  expect(results.map((each) => each.kind).sort()).toEqual(['claimed', 'claimed', 'started'])
  await until(() => readFileSync(join(directory, 'log'), 'utf8') === 'x\n')
})

test('a start that fails gives its claim back', async () => {
  const runner = testRunner()
  const directory = testDirectory()
  const command = { ...start(directory, 'none', ''), argv: ['/nowhere/x'] }
  expect(await runner.ask(command)).toMatchObject({ kind: 'failed' })
  expect(existsSync(command.claim)).toBe(false)
})

test('what was started outlives the runner', async () => {
  const runner = testRunner()
  const directory = testDirectory()
  const marker = testMarker(runner)
  const identity = await started(runner, start(directory, marker, 'exec sleep 600'))
  process.kill(runner.pid() ?? Number.NaN, 'SIGKILL')
  await until(() => runner.pid() === null)
  expect(isLiving(identity)).toBe(true)
})

test('when the runner dies its questions end as unknown, and another one starts', async () => {
  const runner = testRunner()
  const first = runner.pid()
  const asked = runner.ask(run('/bin/sleep', '2')).catch((error: unknown) => error)
  await runner.ask({ op: 'living', markers: [] })
  process.kill(first ?? Number.NaN, 'SIGKILL')
  expect(await asked).toBeInstanceOf(RunnerLost)
  expect((await runner.ask(run('/bin/true'))).code).toBe(0)
  expect(runner.pid()).not.toBe(first)
})

test('the runner ends when its daemon is gone', async () => {
  const runner = testRunner()
  const pid = runner.pid() ?? 0
  await runner.ask(run('/bin/true'))
  expect(readProcess(pid)).not.toBeNull()
  runner.close()
  await until(() => readProcess(pid) === null)
})

test('a process is signalled only while it is that very one', async () => {
  const runner = testRunner()
  const directory = testDirectory()
  const identity = await started(runner, start(directory, testMarker(runner), 'exec sleep 600'))
  const forged = [
    { ...identity, startTime: identity.startTime + 1 },
    { ...identity, bootId: 'another boot' },
  ]
  for (const each of forged) {
    expect(await runner.ask({ op: 'signal', identity: each, signal: 9 })).toEqual({
      wasLiving: false,
    })
  }
  expect(isLiving(identity)).toBe(true)
  expect(await runner.ask({ op: 'signal', identity, signal: 9 })).toEqual({ wasLiving: true })
  await until(() => !isLiving(identity))
})

test('one walk finds the processes of every marker, and only of equal ones', async () => {
  const runner = testRunner()
  const directory = testDirectory()
  const [a, b] = [testMarker(runner), testMarker(runner)]
  const first = await started(runner, start(directory, a, 'exec sleep 600', 'a'))
  const second = await started(runner, start(directory, `${a}0`, 'exec sleep 600', 'b'))
  const { pids } = await runner.ask({ op: 'living', markers: [a, b] })
  expect(pids).toEqual({ [a]: [first.pid] })
  await runner.ask({ op: 'signal', identity: second, signal: 9 })
})

test('a marker reaches what has left its group and its parent', async () => {
  const runner = testRunner()
  const directory = testDirectory()
  const marker = testMarker(runner)
  const script = 'setsid sh -c "sleep 600 & echo \\$! > pid; wait" & wait'
  await started(runner, start(directory, marker, script))
  await until(() => existsSync(join(directory, 'pid')))
  const { pids } = await runner.ask({ op: 'signalMarked', marker, signal: 9 })
  expect(pids.length).toBeGreaterThanOrEqual(3)
  await until(async () => {
    const living = await runner.ask({ op: 'living', markers: [marker] })
    return living.pids[marker] === undefined
  })
})

test('a claim that was cut off while written is read without what is missing', () => {
  const file = join(testDirectory(), 'claim')
  writeFileSync(file, '{"claimant":{"pid":1,"startTime":2,"bootId":"x"}}\n{"started":{"pi')
  expect(readClaim(file)).toEqual({
    claimant: { pid: 1, startTime: 2, bootId: 'x' },
    started: null,
  })
})
