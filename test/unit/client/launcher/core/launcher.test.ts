// The launcher's rules, one a test, with a clock, a link and a runner moved by hand.
import { describe, expect, test } from 'vitest'
import { exitReasons } from '../../../../../protocol/exit-reasons.ts'
import type { LauncherFrame } from '../../../../../protocol/frames.ts'
import { frameKind } from '../../../../../protocol/frames.ts'
import { limits } from '../../../../../protocol/limits.ts'
import { connected, makeWorld } from './world.ts'

/** [report, tokens] of an exited frame. */
function report(frame: LauncherFrame | undefined): [number, number[]] {
  if (frame?.[0] !== frameKind.exited) throw new Error(`not a report: ${JSON.stringify(frame)}`)
  return [frame[1], frame[2].filter((_, at) => at % 9 === 0)]
}

describe('hello', () => {
  test('the first frame is a hello with what the node offers', () => {
    const world = makeWorld({ cpus: 4, nodeIndex: 3 })
    world.launcher.start()
    const hello = world.connect()
    expect(hello).toMatchObject([frameKind.hello, { cpus: 4, nodeIndex: 3, pid: 4242, held: [] }])
    expect(world.left()).toEqual([])
  })

  test('the hello after a break lists what is queued, running and unacknowledged', () => {
    const world = connected({ cpus: 1 })
    world.assign([1, 2, 3])
    world.started(1)
    world.exited([1])
    world.breakLink()
    world.clock.advance(limits.reconnectMsMin)
    const hello = world.connect(5)
    expect(hello).toMatchObject([frameKind.hello, { held: [1, 2, 3], epochSeen: 1 }])
    expect(world.take().map(report)).toEqual([[1, [1]]])
    expect(world.asks()).toEqual([
      ['start', 0, 1],
      ['start', 0, 2],
    ])
    expect(world.left()).toEqual([])
  })

  test('a daemon that says nothing after the hello is left for another try', () => {
    const world = makeWorld()
    world.launcher.start()
    world.open()
    world.take()
    world.clock.advance(limits.helloMsMax)
    expect(world.closed()).toBe('no welcome in time')
    world.clock.advance(limits.reconnectMsMin)
    expect(world.dialled()).toBe(2)
  })

  test('waits between tries double up to the limit', () => {
    const world = makeWorld()
    world.launcher.start()
    const waits: number[] = []
    for (let i = 0; i < 12; i++) {
      world.breakLink()
      const before = world.clock.monotonicMs()
      const links = world.dialled()
      while (world.dialled() === links) world.clock.advance(50)
      waits.push(world.clock.monotonicMs() - before)
    }
    expect(waits.slice(0, 4)).toEqual([100, 200, 400, 800])
    expect(waits.at(-1)).toBe(limits.reconnectMsMax)
  })

  test('a daemon that knows the allocation no longer makes the launcher end all', () => {
    const world = connected()
    world.assign([1])
    world.started(1)
    world.breakLink()
    world.clock.advance(limits.reconnectMsMin)
    world.open()
    world.say([frameKind.refused, 'ALLOCATION_UNKNOWN', 'gone'])
    expect(world.asks()).toEqual([
      ['start', 0, 1],
      ['kill', 1, 5_000, exitReasons.stopped],
    ])
    world.exited([1], 10, 15)
    expect(world.ended).toEqual(['refused: ALLOCATION_UNKNOWN gone'])
    expect(world.isRunnerClosed()).toBe(true)
  })

  test('a daemon that cannot take the launcher yet is asked again', () => {
    const world = makeWorld()
    world.launcher.start()
    world.open()
    world.say([frameKind.refused, 'DRAINING', 'not now'])
    world.clock.advance(limits.reconnectMsMin)
    expect(world.dialled()).toBe(2)
    expect(world.ended).toEqual([])
  })

  test('a daemon of another version is asked again while tasks go on', () => {
    const world = connected()
    world.assign([1])
    world.started(1)
    world.breakLink()
    world.clock.advance(limits.reconnectMsMin)
    world.open()
    const dialled = world.dialled()
    world.say([frameKind.refused, 'VERSION_MISMATCH', 'not this language'])
    world.clock.advance(limits.reconnectMsMax)
    expect(world.dialled()).toBeGreaterThan(dialled)
    expect(world.asks()).toEqual([['start', 0, 1]])
    expect(world.ended).toEqual([])
  })
})

describe('epochs', () => {
  test('a welcome of an older epoch is not accepted', () => {
    const world = makeWorld()
    world.launcher.start()
    world.connect(5)
    world.breakLink()
    world.clock.advance(limits.reconnectMsMin)
    world.open()
    world.say([frameKind.welcome, 1, 4, 7, 5_000])
    expect(world.closed()).toBe('epoch 4 after 5')
  })

  test('an assignment of an older epoch is not run and closes the link', () => {
    const world = makeWorld()
    world.launcher.start()
    world.connect(5)
    world.assign([1], world.template, 4)
    expect(world.closed()).toBe('a frame of an older epoch')
    expect(world.left()).toEqual([])
    expect(world.launcher.counts().held).toBe(0)
  })

  test('a frame from a link that was given up is not heard', () => {
    const world = connected()
    world.breakLink()
    world.clock.advance(limits.reconnectMsMin)
    world.connect()
    world.say([frameKind.assign, 1, [world.template], [1001, 1, 1, 1], []], 0)
    expect(world.left()).toEqual([])
  })

  test('a malformed frame closes the link and the launcher comes back', () => {
    const world = connected()
    world.bytes(Uint8Array.from([0x91, 0x63]))
    expect(world.closed()).toContain('malformed')
    world.clock.advance(limits.reconnectMsMin)
    expect(world.dialled()).toBe(2)
  })
})

describe('lanes', () => {
  test('no more cores are in use than the node has, and a free lane takes the next task', () => {
    const world = connected({ cpus: 2 })
    world.assign([1, 2, 3, 4])
    expect(world.asks().map((ask) => ask[2])).toEqual([1, 2])
    world.exited([1])
    expect(world.asks()).toEqual([['start', 0, 3]])
    expect(world.launcher.counts()).toMatchObject({ usedCpus: 2, queued: 1, inLanes: 2 })
  })

  test('shares of a node add up to the whole node and no further', () => {
    const world = connected({ cpus: 1 })
    world.assign([1, 2, 3, 4], { ...world.template, cpus: 1 / 3 })
    expect(world.asks().map((ask) => ask[2])).toEqual([1, 2, 3])
  })

  test('a large task is not overtaken by small ones that came later', () => {
    const world = connected({ cpus: 2 })
    world.assign([1, 2])
    world.assign([3], { ...world.template, templateId: 2, cpus: 2 })
    world.assign([4], { ...world.template, templateId: 3, cpus: 0.5 })
    world.asks()
    world.exited([1])
    expect(world.asks()).toEqual([])
    world.exited([2])
    expect(world.asks()).toEqual([['start', 1, 3]])
    world.exited([3])
    expect(world.asks().map((ask) => ask[2])).toEqual([4])
  })

  test('a task that needs more cores than the node has is reported with the reason', () => {
    const world = connected({ cpus: 2 })
    world.assign([1], { ...world.template, cpus: 3 })
    const frame = world.take()[0]
    expect(report(frame)).toEqual([1, [1]])
    expect(frame?.[3]).toEqual([[1, '3 cores on a node of 2']])
    expect(world.left()).toEqual([])
  })

  test.each([
    [1, 20],
    [0, 24],
    [10, 2],
  ])('tasks of %i ms: %i are sent ahead in a lane', (wallMs, ahead) => {
    const world = connected({ cpus: 1 })
    world.assign(Array.from({ length: 40 }, (_, index) => index + 1))
    world.asks()
    world.exited([1], wallMs)
    expect(world.asks()).toHaveLength(1 + ahead)
  })

  test('long tasks are not sent ahead', () => {
    const world = connected({ cpus: 1 })
    world.assign([1, 2, 3])
    world.asks()
    world.exited([1], 50)
    expect(world.asks().map((ask) => ask[2])).toEqual([2])
  })

  test('what waits behind a task that turns out to be slow is taken back and run elsewhere', () => {
    const world = connected({ cpus: 2 })
    world.assign([1, 2, 3, 4])
    world.exited([1], 10)
    world.asks()
    world.started(2, 3)
    world.clock.advance(limits.startedReportMs)
    expect(world.asks()).toEqual([['withdraw', 4]])
    world.take()
    world.exited([3], 60)
    world.take()
    world.withdrawn(4)
    expect(world.asks()).toEqual([['start', 0, 4]])
    expect(world.left()).toEqual([])
  })
})

describe('reports', () => {
  test('an exit goes out at once when the daemon owes no acknowledgement', () => {
    const world = connected()
    world.assign([1])
    world.exited([1])
    expect(report(world.take()[0])).toEqual([1, [1]])
  })

  test('while an acknowledgement is due, exits gather for reportMsMax', () => {
    const world = connected()
    world.assign([1, 2, 3])
    world.exited([1])
    world.take()
    world.exited([2])
    world.exited([3])
    expect(world.take()).toEqual([])
    world.clock.advance(limits.reportMsMax)
    expect(world.take().map(report)).toEqual([[2, [2, 3]]])
  })

  test('an acknowledgement releases what has gathered', () => {
    const world = connected()
    world.assign([1, 2])
    world.exited([1])
    world.take()
    world.exited([2])
    world.say([frameKind.ack, 1, 1])
    expect(world.take().map(report)).toEqual([[2, [2]]])
    world.say([frameKind.ack, 1, 2])
    expect(world.launcher.counts()).toMatchObject({ held: 0, pendingExits: 0 })
  })

  test('a report that was not acknowledged is sent again unchanged, in order', () => {
    const world = connected()
    world.assign([1, 2])
    world.exited([1])
    world.exited([2])
    world.clock.advance(limits.reportMsMax)
    const first = world.take()
    world.breakLink()
    world.clock.advance(limits.reconnectMsMin)
    world.connect()
    expect(world.take()).toEqual(first)
  })

  test('a cut off launcher goes on with what it holds', () => {
    const world = connected({ cpus: 1 })
    world.assign([1, 2])
    world.asks()
    world.breakLink()
    world.exited([1])
    expect(world.asks()).toEqual([['start', 0, 2]])
    world.exited([2])
    world.clock.advance(limits.reconnectMsMin)
    world.connect()
    expect(world.take().flatMap((frame) => report(frame)[1])).toEqual([1, 2])
  })

  test('a start is reported only when the task still runs after startedReportMs', () => {
    const world = connected()
    world.assign([1, 2])
    world.started(1, 2)
    world.clock.advance(limits.startedReportMs - 1)
    world.exited([1])
    world.take()
    world.clock.advance(1)
    const frame = world.take()[0]
    expect(frame?.[0]).toBe(frameKind.started)
    expect(frame?.[1]).toEqual([2, expect.any(Number)])
    world.clock.advance(1_000)
    expect(world.take()).toEqual([])
  })

  test('a large batch of exits is cut into frames of reportExitsMax', () => {
    const world = connected({ cpus: 1 })
    const tokens = Array.from({ length: limits.reportExitsMax + 5 }, (_, at) => at + 1)
    world.assign(tokens.slice(0, 1000), { ...world.template, cpus: 1 / 2000 })
    world.assign(tokens.slice(1000), { ...world.template, cpus: 1 / 2000 })
    world.asks()
    world.exited(tokens)
    world.clock.advance(limits.reportMsMax)
    expect(world.take().map((frame) => report(frame)[1].length)).toEqual([1000, 5])
  })
})

describe('assignments', () => {
  test('a token that is held is not taken a second time', () => {
    const world = connected({ cpus: 4 })
    world.assign([1])
    world.assign([1])
    expect(world.asks()).toEqual([['start', 0, 1]])
  })

  test('a token whose exit is not acknowledged is not taken a second time', () => {
    const world = connected()
    world.assign([1])
    world.exited([1])
    world.asks()
    world.take()
    world.assign([1])
    expect(world.left()).toEqual([])
  })

  test('a token whose exit was acknowledged is not taken a second time', () => {
    const world = connected()
    world.assign([1])
    world.exited([1])
    world.say([frameKind.ack, 1, 1])
    world.asks()
    world.take()
    world.assign([1])
    expect(world.left()).toEqual([])
  })

  test('a task of an unknown template starts a new link, over which templates come again', () => {
    const world = connected()
    world.say([frameKind.assign, 1, [], [1001, 1, 1, 99], []])
    expect(world.closed()).toBe('a task of an unknown template')
    expect(world.left()).toEqual([])
  })

  test('an exit that the runner tells twice is reported once', () => {
    const world = connected()
    world.assign([1])
    world.exited([1, 1])
    expect(report(world.take()[0])).toEqual([1, [1]])
  })
})
