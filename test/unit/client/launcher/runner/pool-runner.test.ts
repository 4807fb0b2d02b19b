// Templates become tasks for the spawners, and their reports plain arguments for the core.
import { expect, test } from 'vitest'
import type { PoolTask } from '../../../../../client/launcher/runner/pool-runner.ts'
import { makePoolRunner, tellExit } from '../../../../../client/launcher/runner/pool-runner.ts'
import type { Exit } from '../../../../../client/launcher/spawner/messages.ts'

const template = {
  templateId: 1,
  name: 'a',
  argv: ['true'],
  environment: {},
  envscript: '',
  cpus: 1,
  arrayOffset: null,
  workdirRoot: null,
  cwd: '/',
  output: null,
}
const exit: Exit = {
  token: 5,
  pid: 77,
  code: 0,
  signal: null,
  error: null,
  startedAtMs: 1000.4,
  endedAtMs: 1010.9,
  userMs: 1.5,
  systemMs: 0.2,
  maxRssKiB: 900,
  isRssBelow: false,
  orphans: 0,
}
const told = (of: Exit): unknown[] => {
  let found: unknown[] = []
  tellExit(of, (...args) => {
    found = args
  })
  return found
}

test('tasks are collected and go out in one batch, before a kill of one of them', () => {
  const calls: unknown[] = []
  const runner = makePoolRunner(
    {
      start: (tasks: readonly PoolTask[]) => calls.push(tasks.map((task) => task.token)),
      kill: (token) => calls.push(`kill ${token}`),
      withdraw: () => undefined,
      forget: () => undefined,
      close: () => undefined,
    },
    { siteId: 's', allocationId: 1 },
    { start: () => undefined, kill: () => false, close: () => undefined },
  )
  runner.start(0, 1, 11, template, 1)
  runner.start(1, 2, 12, template, 1)
  runner.kill(2, 100, null)
  runner.flush()
  expect(calls).toEqual([[1, 2], 'kill 2'])
})

test('the numbers of an exit are whole', () => {
  expect(told(exit)).toEqual([5, 0, 0, 1000, 11, 2, 0, 900, 0, null])
})

test('an upper bound of the peak is a negative number', () => {
  expect(told({ ...exit, isRssBelow: true })[7]).toBe(-900)
})

test('a task that could not be started has no start time and says why', () => {
  const failed = { ...exit, pid: 0, code: null, error: 'ENOENT: nothing' }
  expect(told(failed)).toEqual([5, -1, 0, 0, 0, 2, 0, 900, 0, 'ENOENT: nothing'])
})

test('a wall clock that was set back makes no negative duration', () => {
  expect(told({ ...exit, endedAtMs: 500 })[4]).toBe(0)
})
