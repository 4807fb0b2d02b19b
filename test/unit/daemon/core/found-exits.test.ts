// What became of tasks whose exits only their spawners' journals tell.
import { expect, test } from 'vitest'
import { withReasons } from '../../../../daemon/core/found-exits.ts'
import { TestLauncher } from './launcher.ts'
import { array, startSite } from './site.ts'

/** The exit of a task of this length that began at 1,000. */
function exit(token: number, code: number, signal: number, wallMs: number): number[] {
  return [token, code, signal, 1_000, wallMs, 1, 1, 1_000, 0]
}

const never = { cancelledAtMs: null, walltimeEndsAtMs: null }

test('tasks that a stop ended can run again, though no launcher could report them', async () => {
  const site = await startSite()
  await site.submit([array(3)])
  const id = await site.allocate()
  const launcher = await new TestLauncher(site).hello(id)
  await launcher.started(...launcher.tokens())
  await launcher.cut()
  const [first = 0, second = 0, third = 0] = launcher.tokens()
  await site.run(site.door.cancelAllocation(id))
  const longMs = 10_000_000_000_000
  site.scheduler.exits = [
    ...exit(first, -1, 15, longMs),
    ...exit(second, -1, 9, longMs),
    ...exit(third, 0, 0, longMs),
  ]
  site.scheduler.ended.add(id)
  await site.pass(5_000)
  await site.run(site.core.settled())
  expect(site.core.site.tallies.states(null)).toEqual({ RESTART_READY: 2, JOB_FINISHED: 1 })
})

test('a task that a signal ended before its allocation was ended has failed', () => {
  const found = { flat: exit(1, -1, 9, 1_000), reasons: [] }
  expect(withReasons(found, { ...never, cancelledAtMs: 60_000 }, 5_000).reasons).toEqual([])
  expect(withReasons(found, { ...never, walltimeEndsAtMs: 60_000 }, 5_000).reasons).toEqual([])
  expect(withReasons(found, never, 5_000).reasons).toEqual([])
})

test('a signal near the end of the walltime is the walltime, and nothing else changes', () => {
  const flat = [...exit(1, -1, 15, 55_000), ...exit(2, -1, 11, 55_000), ...exit(3, 2, 0, 55_000)]
  const found = { flat, reasons: [[4, 'lost']] as const }
  expect(withReasons(found, { ...never, walltimeEndsAtMs: 60_000 }, 5_000)).toEqual({
    flat,
    reasons: [
      [4, 'lost'],
      [1, 'walltime'],
    ],
  })
})
