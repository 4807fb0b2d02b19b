// Kills and recalls: what becomes of tasks that run, wait in a lane, or wait in the queue.
import { describe, expect, test } from 'vitest'
import { frameKind } from '../../../../../protocol/frames.ts'
import { connected } from './world.ts'

describe('kill and recall', () => {
  test('a queued task that is killed comes back as an exit with signal 15', () => {
    const world = connected({ cpus: 1 })
    world.assign([1, 2])
    world.asks()
    world.say([frameKind.kill, 1, [2], 3_000])
    const frame = world.take()[0]
    expect(frame?.[2]).toEqual([2, -1, 15, 0, 0, 0, 0, 0, 0])
    world.exited([1])
    world.asks()
    expect(world.launcher.counts().inLanes).toBe(0)
  })

  test('a running task that is killed gets its signal and grace, and its exit is reported', () => {
    const world = connected()
    world.assign([1])
    world.started(1)
    world.asks()
    world.say([frameKind.kill, 1, [1], 3_000])
    expect(world.asks()).toEqual([['kill', 1, 3_000]])
    world.exited([1], 20, 15)
    expect(world.take()[0]?.[2]).toEqual([1, -1, 15, 1_000_000, 20, 1, 2, 3, 0])
  })

  test('a task killed before the runner started it is an exit with signal 15', () => {
    const world = connected()
    world.assign([1])
    world.say([frameKind.kill, 1, [1], 3_000])
    world.asks()
    world.withdrawn(1)
    expect(world.take()[0]?.[2]).toEqual([1, -1, 15, 0, 0, 0, 0, 0, 0])
    expect(world.left()).toEqual([])
  })

  test('a kill of a token that is not held is passed over', () => {
    const world = connected()
    world.say([frameKind.kill, 1, [99], 0])
    expect(world.left()).toEqual([])
  })

  test('a recall gives back the newest queued tasks', () => {
    const world = connected({ cpus: 1 })
    world.assign([1, 2, 3, 4])
    world.asks()
    world.say([frameKind.recall, 1, 2])
    expect(world.take()).toEqual([[frameKind.returned, [4, 3]]])
    expect(world.launcher.counts().held).toBe(2)
  })

  test('a recall of more than is queued takes what waits in lanes, unless it starts first', () => {
    const world = connected({ cpus: 1 })
    world.assign([1, 2, 3, 4])
    world.started(1)
    world.exited([1], 10)
    world.take()
    world.asks()
    world.started(2)
    world.say([frameKind.recall, 1, 9])
    expect(world.asks()).toEqual([['withdraw', 4, 3]])
    world.started(3)
    world.withdrawn(4)
    expect(world.take()).toEqual([[frameKind.returned, [4]]])
    expect(world.left()).toEqual([])
  })

  test('named tasks are taken back from the queue and from lanes, and running ones go on', () => {
    const world = connected({ cpus: 1 })
    world.assign([1, 2, 3, 4])
    world.started(1)
    world.exited([1], 10)
    world.take()
    world.asks()
    world.started(2)
    world.say([frameKind.takeBack, 1, [2, 4, 99]])
    expect(world.asks()).toEqual([['withdraw', 4]])
    world.withdrawn(4)
    expect(world.take()).toEqual([[frameKind.returned, [4]]])
    expect(world.launcher.counts().held).toBe(3)
  })

  test('a recall that finds nothing is answered all the same', () => {
    const world = connected()
    world.say([frameKind.recall, 1, 5])
    expect(world.take()).toEqual([[frameKind.returned, []]])
  })

  test('a token that was given back never runs: it is given back again', () => {
    const world = connected({ cpus: 1 })
    world.assign([1, 2])
    world.say([frameKind.recall, 1, 1])
    world.take()
    world.asks()
    world.assign([2])
    expect(world.take()).toEqual([[frameKind.returned, [2]]])
    expect(world.left()).toEqual([])
  })
})
