// The turn loop: what one turn takes, that nothing is acted on before it is durable, what kills it.
import { expect, test } from 'vitest'
import { type LoopParts, makeTurnLoop, type TurnLoop } from '../../../../daemon/core/loop.ts'
import type { Turn } from '../../../../daemon/core/turn.ts'
import type { TurnCommit } from '../../../../daemon/store/rows.ts'
import { fault } from '../../../../protocol/faults.ts'
import { limits } from '../../../../protocol/limits.ts'
import { clockOf, newLife, TimeLine } from '../../../simulation/world/virtual-time.ts'
import { quiet, silentLog } from './site.ts'

/** A commit that the test lets succeed or fail. */
interface OpenCommit {
  readonly commit: TurnCommit
  succeed(): void
  fail(error: Error): void
}

/** A loop whose disk is in the hand of the test. */
class Bench {
  readonly time = new TimeLine()
  readonly commits: OpenCommit[] = []
  readonly deaths: unknown[] = []
  readonly done: string[] = []
  readonly loop: TurnLoop

  constructor(parts: Partial<LoopParts> = {}) {
    this.loop = makeTurnLoop({
      clock: clockOf(this.time, newLife()),
      log: silentLog,
      lastSeq: 7,
      place: () => undefined,
      prepare: async () => undefined,
      commit: (commit) =>
        new Promise((resolve, reject) => {
          this.commits.push({ commit, succeed: resolve, fail: reject })
        }),
      act: () => this.done.push('act'),
      afterTurn: (seq) => this.done.push(`after ${seq}`),
      die: (error) => this.deaths.push(error),
      ...parts,
    })
  }

  /** Lets everything happen that happens by this time. */
  async pass(ms = 0): Promise<void> {
    await quiet()
    let isOver = false
    this.time.schedule(ms, () => {
      isOver = true
    })
    while (!isOver) {
      this.time.step()
      await quiet()
    }
    await quiet()
  }

  /** An event that decides something and has an effect. */
  deliver(name: string): void {
    this.loop.deliver({ name, handle: (turn) => decideSome(turn, () => this.done.push(name)) })
  }
}

function decideSome(turn: Turn, effect: () => void): void {
  turn.records.push(['kill', []])
  turn.effects.push(effect)
}

test('what was delivered is not handled at once', () => {
  const bench = new Bench()
  bench.deliver('event')
  expect(bench.commits).toEqual([])
})

test('events that arrived together are one turn with one commit', async () => {
  const bench = new Bench()
  for (const name of ['a', 'b', 'c']) bench.deliver(name)
  await bench.pass()
  expect(bench.commits).toHaveLength(1)
  expect(bench.commits[0]?.commit.body).toBe('[["kill",[]],["kill",[]],["kill",[]]]')
})

test('nothing is acted on before the commit is durable', async () => {
  const bench = new Bench()
  bench.deliver('event')
  await bench.pass(10_000)
  expect(bench.done).toEqual([])
  bench.commits[0]?.succeed()
  await bench.pass()
  expect(bench.done).toEqual(['act', 'event', 'after 8'])
})

test('one commit is in flight, and what arrives meanwhile is the next turn', async () => {
  const bench = new Bench()
  bench.deliver('first')
  await bench.pass()
  bench.deliver('second')
  bench.deliver('third')
  await bench.pass(1_000)
  expect(bench.commits).toHaveLength(1)
  bench.commits[0]?.succeed()
  await bench.pass()
  expect(bench.commits.map(({ commit }) => commit.seq)).toEqual([8, 9])
  expect(bench.commits[1]?.commit.body).toBe('[["kill",[]],["kill",[]]]')
})

test('a turn that decided nothing writes nothing', async () => {
  const bench = new Bench()
  bench.loop.deliver({ name: 'look', handle: () => undefined })
  await bench.pass()
  expect(bench.commits).toEqual([])
  expect(bench.done).toEqual(['act', 'after 7'])
})

test('a turn takes events for some milliseconds, and leaves the rest to the next', async () => {
  const bench = new Bench()
  const handled: number[] = []
  for (let event = 0; event < 4; event += 1) {
    bench.loop.deliver({
      name: 'slow',
      handle: (turn) => {
        // Handling takes time: the clock of the turn moves on.
        bench.time.nowMs += limits.turnMsMax * 0.6
        handled.push(event)
        decideSome(turn, () => undefined)
      },
    })
  }
  await bench.pass()
  expect(handled).toEqual([0, 1])
  bench.commits[0]?.succeed()
  await bench.pass(1)
  expect(handled).toEqual([0, 1, 2, 3])
})

test('a question is answered once everything that its turn decided is durable', async () => {
  const bench = new Bench()
  const answers: unknown[] = []
  const asked = bench.loop.ask('question', (turn) => {
    decideSome(turn, () => undefined)
    return 42
  })
  void asked.then((answer) => answers.push(answer))
  await bench.pass()
  expect(answers).toEqual([])
  bench.commits[0]?.succeed()
  expect(await asked).toBe(42)
})

test('a Fault before any decision rejects the question and nothing else', async () => {
  const bench = new Bench()
  const refused = bench.loop
    .ask('question', () => {
      throw fault('DRAINING')
    })
    .catch((error: unknown) => error)
  const accepted = bench.loop.ask('other', () => 1)
  await bench.pass()
  expect(await refused).toMatchObject({ code: 'DRAINING' })
  expect(await accepted).toBe(1)
  expect(bench.deaths).toEqual([])
})

test('an error that is no Fault is a bug, and ends the process', async () => {
  const bench = new Bench()
  void bench.loop.ask('question', () => {
    throw new TypeError('a bug')
  })
  await bench.pass()
  expect(bench.deaths).toMatchObject([{ message: 'a bug' }])
})

test('a commit that is refused for space is tried again, and nothing is acted on', async () => {
  const bench = new Bench()
  bench.deliver('event')
  await bench.pass()
  bench.commits[0]?.fail(fault('STORAGE_REFUSED', { what: 'full' }))
  await bench.pass(999)
  expect(bench.done).toEqual([])
  await bench.pass(2)
  expect(bench.commits.map(({ commit }) => commit)).toEqual([
    bench.commits[0]?.commit,
    bench.commits[0]?.commit,
  ])
  bench.commits[1]?.succeed()
  await bench.pass()
  expect(bench.done).toEqual(['act', 'event', 'after 8'])
  expect(bench.deaths).toEqual([])
})

test('a commit of an older epoch ends the process, and nothing is acted on', async () => {
  const bench = new Bench()
  bench.deliver('event')
  await bench.pass()
  bench.commits[0]?.fail(fault('STALE_EPOCH'))
  await bench.pass(10_000)
  expect(bench.deaths).toMatchObject([{ code: 'STALE_EPOCH' }])
  expect(bench.done).toEqual([])
})

test('a commit that fails for any other reason ends the process', async () => {
  const bench = new Bench()
  bench.deliver('event')
  await bench.pass()
  bench.commits[0]?.fail(new Error('disk I/O error'))
  await bench.pass(10_000)
  expect(bench.deaths).toMatchObject([{ message: 'disk I/O error' }])
  expect(bench.commits).toHaveLength(1)
})

test('after a death no turn follows', async () => {
  const bench = new Bench()
  bench.deliver('event')
  await bench.pass()
  bench.commits[0]?.fail(new Error('disk I/O error'))
  await bench.pass()
  bench.deliver('late')
  await bench.pass(10_000)
  expect(bench.commits).toHaveLength(1)
})

test('what placement decides at the end of a turn is in its commit', async () => {
  const bench = new Bench({ place: (turn) => void turn.records.push(['kill', [1, 2]]) })
  bench.loop.deliver({ name: 'look', handle: () => undefined })
  await bench.pass()
  expect(bench.commits[0]?.commit.body).toBe('[["kill",[1,2]]]')
})

test('a stop waits for the turn in progress, and takes nothing more', async () => {
  const bench = new Bench()
  bench.deliver('event')
  await bench.pass()
  bench.deliver('late')
  let isStopped = false
  const stopped = bench.loop.stop().then(() => {
    isStopped = true
  })
  await bench.pass(1_000)
  expect(isStopped).toBe(false)
  bench.commits[0]?.succeed()
  await bench.pass()
  await stopped
  expect(bench.done).toEqual(['act', 'event', 'after 8'])
  expect(bench.commits).toHaveLength(1)
})
