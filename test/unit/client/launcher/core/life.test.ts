// How a launcher ends: drained, stopped, idle, out of walltime; and what it says before.
import { describe, expect, test } from 'vitest'
import { exitReasons } from '../../../../../protocol/exit-reasons.ts'
import { frameKind } from '../../../../../protocol/frames.ts'
import { limits } from '../../../../../protocol/limits.ts'
import { connected, makeWorld } from './world.ts'

describe('drain', () => {
  test('finish: new work is given back, held work is done and acknowledged, then goodbye', () => {
    const world = connected({ cpus: 1 })
    world.assign([1, 2])
    world.say([frameKind.drain, 1, 'finish', 0])
    world.assign([3])
    expect(world.take()).toEqual([[frameKind.returned, [3]]])
    world.exited([1])
    world.exited([2])
    world.say([frameKind.ack, 1, 1])
    expect(world.ended).toEqual([])
    world.take()
    world.say([frameKind.ack, 1, 2])
    expect(world.take()).toEqual([[frameKind.bye, 'drained']])
    expect(world.ended).toEqual(['drained'])
    expect(world.clock.pending()).toBe(0)
  })

  test('stop: queued tasks are given back, running ones ended and reported, then goodbye', () => {
    const world = connected({ cpus: 1 })
    world.assign([1, 2])
    world.started(1)
    world.asks()
    world.say([frameKind.drain, 1, 'stop', 700])
    expect(world.asks()).toEqual([['kill', 1, 700, exitReasons.stopped]])
    expect(world.take()).toEqual([[frameKind.returned, [2]]])
    world.exited([1], 30, 15, exitReasons.stopped)
    expect(world.take()[0]?.[3]).toEqual([[1, exitReasons.stopped]])
    world.say([frameKind.ack, 1, 1])
    expect(world.take()).toEqual([[frameKind.bye, 'drained']])
    expect(world.ended).toEqual(['drained'])
  })

  test('stop: a task that ended by itself just before keeps its result', () => {
    const world = connected({ cpus: 1 })
    world.assign([1])
    world.started(1)
    world.say([frameKind.drain, 1, 'stop', 700])
    world.exited([1], 30)
    expect(world.take()[0]?.[3]).toEqual([])
  })

  test('stop: a task that the runner had not started is given back, not ended', () => {
    const world = connected({ cpus: 1 })
    world.assign([1])
    world.say([frameKind.drain, 1, 'stop', 700])
    world.withdrawn(1)
    expect(world.take()).toEqual([
      [frameKind.returned, [1]],
      [frameKind.bye, 'drained'],
    ])
  })

  test('a stopped launcher that stays cut off ends after the grace and a last wait', () => {
    const world = connected()
    world.assign([1])
    world.started(1)
    world.breakLink()
    world.launcher.stop('terminated', 700)
    world.exited([1], 30, 15)
    world.clock.advance(700 + limits.stopReportMsMax - 1)
    expect(world.ended).toEqual([])
    world.clock.advance(1)
    expect(world.ended).toEqual(['terminated'])
    expect(world.clock.pending()).toBe(0)
  })
})

describe('idle', () => {
  test('a launcher without work says goodbye after idleExitMs', () => {
    const world = connected({ idleExitMs: 3_000 })
    world.clock.advance(2_999)
    expect(world.ended).toEqual([])
    world.clock.advance(1)
    expect(world.take()).toEqual([[frameKind.bye, 'idle']])
    expect(world.ended).toEqual(['idle'])
  })

  test('held work and unacknowledged exits are not idleness', () => {
    const world = connected({ idleExitMs: 3_000 })
    world.clock.advance(2_000)
    world.assign([1])
    world.clock.advance(9_000)
    world.exited([1])
    world.clock.advance(9_000)
    expect(world.ended).toEqual([])
    world.say([frameKind.ack, 1, 1])
    world.clock.advance(3_000)
    expect(world.ended).toEqual(['idle'])
  })

  test('a launcher that is cut off is not idle', () => {
    const world = connected({ idleExitMs: 3_000 })
    world.breakLink()
    world.clock.advance(60_000)
    expect(world.ended).toEqual([])
  })
})

describe('walltime', () => {
  test('tasks are ended one grace before the end, with the walltime as reason', () => {
    const world = connected({ wallTimeLeftMs: 60_000, killGraceMs: 5_000 })
    world.assign([1])
    world.started(1)
    world.clock.advance(54_999)
    world.take()
    world.asks()
    expect(world.left()).toEqual([])
    world.clock.advance(1)
    expect(world.asks()).toEqual([['kill', 1, 5_000, exitReasons.wallTime]])
    world.exited([1], 55_000, 15, exitReasons.wallTime)
    expect(world.take()[0]?.[3]).toEqual([[1, exitReasons.wallTime]])
    world.say([frameKind.ack, 1, 1])
    expect(world.take()).toEqual([[frameKind.bye, exitReasons.wallTime]])
  })

  test('nothing is started once the walltime is near', () => {
    const world = connected({ wallTimeLeftMs: 6_000, killGraceMs: 5_000, cpus: 1 })
    world.assign([1, 2])
    world.asks()
    world.clock.advance(1_000)
    expect(world.take()).toEqual([[frameKind.returned, [2]]])
    world.asks()
    world.exited([1], 1_000, 15)
    expect(world.asks()).toEqual([])
  })

  test('a launcher that is cut off ends its tasks at its walltime all the same', () => {
    const world = connected({ wallTimeLeftMs: 60_000, killGraceMs: 5_000 })
    world.assign([1])
    world.started(1)
    world.breakLink()
    world.asks()
    world.clock.advance(55_000)
    expect(world.asks()).toEqual([['kill', 1, 5_000, exitReasons.wallTime]])
  })
})

describe('adoption', () => {
  test('adopted tasks are held, occupy their cores and are reported at their exit', () => {
    const world = makeWorld({ cpus: 2 })
    world.launcher.adoptRunning({ token: 5, cpus: 2, startedAtMs: 900_000 })
    world.launcher.start()
    expect(world.connect()).toMatchObject([frameKind.hello, { held: [5] }])
    world.assign([6])
    expect(world.asks()).toEqual([])
    world.exited([5])
    expect(world.take()).toEqual([[frameKind.exited, 1, expect.arrayContaining([5]), []]])
    expect(world.asks()).toEqual([['start', 0, 6]])
  })

  test('an adopted task that never started goes back to the daemon', () => {
    const world = makeWorld()
    world.launcher.adoptRunning({ token: 5, cpus: 1, startedAtMs: 900_000 })
    world.launcher.start()
    world.connect()
    world.withdrawn(5)
    expect(world.take()).toEqual([[frameKind.returned, [5]]])
    expect(world.launcher.counts()).toMatchObject({ held: 0, usedCpus: 0 })
    expect(world.left()).toEqual([])
  })

  test('what goes back between hello and welcome is told after the welcome', () => {
    const world = makeWorld()
    world.launcher.adoptRunning({ token: 5, cpus: 1, startedAtMs: 900_000 })
    world.launcher.start()
    world.open()
    expect(world.take()).toMatchObject([[frameKind.hello, { held: [5] }]])
    world.withdrawn(5)
    expect(world.take('all')).toEqual([])
    world.say([frameKind.welcome, 1, 1, 7, 5_000])
    expect(world.take()).toEqual([[frameKind.returned, [5]]])
    expect(world.left()).toEqual([])
  })

  test('a start that was due before the welcome is reported after it', () => {
    const world = makeWorld()
    world.launcher.adoptRunning({ token: 5, cpus: 1, startedAtMs: 900_000 })
    world.launcher.start()
    world.clock.advance(limits.startedReportMs + 1)
    world.connect()
    expect(world.take()).toEqual([[frameKind.started, [5, 900_000]]])
  })

  test('adopted exits are held and reported after the welcome', () => {
    const world = makeWorld()
    world.launcher.adoptExited(5, 0, 0, 900_000, 10, 1, 1, 100, 0, null)
    world.launcher.start()
    expect(world.connect()).toMatchObject([frameKind.hello, { held: [5] }])
    expect(world.take()).toEqual([[frameKind.exited, 1, expect.arrayContaining([5]), []]])
    world.say([frameKind.ack, 1, 1])
    expect(world.launcher.counts().held).toBe(0)
  })
})

describe('calls', () => {
  test('a call goes out as a frame and its answer comes back to the caller', () => {
    const world = connected()
    const answers: unknown[] = []
    world.launcher.call('GET', '/v1/jobs/5', '', 9, (...answer) => answers.push(answer))
    expect(world.take()).toEqual([[frameKind.call, 1, 'GET', '/v1/jobs/5', '', 9]])
    world.say([frameKind.answer, 1, 200, '{}'])
    expect(answers).toEqual([[200, '{}']])
  })

  test('a call is refused while cut off, and when the link breaks under it', () => {
    const world = connected()
    const answers: number[] = []
    world.launcher.call('GET', '/v1/status', '', 9, (status) => answers.push(status))
    world.breakLink()
    world.launcher.call('GET', '/v1/status', '', 9, (status) => answers.push(status))
    expect(answers).toEqual([503, 503])
  })
})

describe('heartbeats', () => {
  test('a heartbeat goes out at the welcome and then as often as the daemon asked', () => {
    const world = connected()
    world.assign([1, 2, 3])
    world.clock.advance(5_000)
    const [beat] = world.take('all').filter((frame) => frame[0] === frameKind.heartbeat)
    expect(beat).toEqual([frameKind.heartbeat, 2, 1, 0.5, 500])
  })
})
