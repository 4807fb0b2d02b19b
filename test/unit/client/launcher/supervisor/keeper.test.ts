// The keeper of a launcher process: real short processes of sh, waits that the test cuts short.
import { expect, test, vi } from 'vitest'
import type { Keeper } from '../../../../../client/launcher/supervisor/keeper.ts'
import { launcherExit, makeKeeper } from '../../../../../client/launcher/supervisor/keeper.ts'
import { limits } from '../../../../../protocol/limits.ts'

const silent = () => undefined
const log = { debug: silent, info: silent, warn: silent, error: silent }

/** A keeper of `sh -c script` whose waits are recorded and over at once; `n` counts the starts. */
function keep(script: string, onWait: (keeper: Keeper, waits: number[]) => void = () => undefined) {
  const waits: number[] = []
  const said: unknown[] = []
  const done = Promise.withResolvers<void>()
  const clock = {
    wallMs: () => 0,
    monotonicMs: () => 0,
    soon: (call: () => void) => void setImmediate(call),
    after(ms: number, call: () => void) {
      waits.push(ms)
      const timer = setImmediate(call)
      onWait(keeper, waits)
      return { cancel: () => clearImmediate(timer) }
    },
  }
  const keeper = makeKeeper(
    { argv: ['/bin/sh', '-c', script], environment: {} },
    { clock, log: { ...log, warn: (_what, facts = {}) => said.push(facts['line']) } },
    done.resolve,
  )
  keeper.start()
  return { keeper, waits, said, done: done.promise }
}

test('a launcher that said goodbye is not started again', async () => {
  const { keeper, waits, done } = keep(`exit ${launcherExit.goodbye}`)
  await done
  expect(keeper.isDone()).toBe(true)
  expect(waits).toEqual([])
})

test('a launcher that cannot run is not started again', async () => {
  const { waits, done } = keep(`exit ${launcherExit.cannotRun}`)
  await done
  expect(waits).toEqual([])
})

test('a launcher that dies is started again after waits that double', async () => {
  const { waits, done } = keep('kill -9 $$', (keeper, so) => {
    if (so.length === 4) keeper.stop()
  })
  await done
  const first = limits.restartMsMin
  expect(waits).toEqual([first, 2 * first, 4 * first, 8 * first])
})

test('a launcher that is stopped gets SIGTERM and is not started again', async () => {
  const { keeper, waits, done } = keep('exec sleep 1000')
  keeper.stop()
  await done
  expect(waits).toEqual([])
  expect(keeper.pid()).toBeNull()
})

test('the launcher’s standard input stays open for as long as its keeper lives', async () => {
  const { keeper, done } = keep('read line; exit 0')
  expect(keeper.pid()).not.toBeNull()
  expect(keeper.isDone()).toBe(false)
  keeper.stop()
  await done
  expect(keeper.isDone()).toBe(true)
})

test('what a launcher says outside of its log is put into the log, line by line', async () => {
  const { said, done } = keep('echo a warning; echo an >&2 error; exit 0')
  await done
  await vi.waitUntil(() => said.length === 2)
  expect(new Set(said)).toEqual(new Set(['a warning', 'an error']))
})
