// Whatever happens in whatever order: every token ends exactly once, and cores are never exceeded.
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { frameKind } from '../../../../../protocol/frames.ts'
import { limits } from '../../../../../protocol/limits.ts'
import { makeWorld } from './world.ts'

const step = fc.oneof(
  fc.record({
    do: fc.constant('assign' as const),
    count: fc.nat({ max: 9 }),
    shape: fc.nat({ max: 3 }),
  }),
  fc.record({ do: fc.constant('again' as const), which: fc.nat() }),
  fc.record({
    do: fc.constant('run' as const),
    which: fc.nat(),
    wallMs: fc.constantFrom(1, 10, 80),
  }),
  fc.record({ do: fc.constant('kill' as const), which: fc.nat() }),
  fc.record({ do: fc.constant('recall' as const), count: fc.nat({ max: 9 }) }),
  fc.record({ do: fc.constant('break' as const) }),
  fc.record({ do: fc.constant('ack' as const) }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 5, 60) }),
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** Cores of the four shapes, on a node of two. */
const shapes = [1, 2, 0.5, 1 / 3]

/** A launcher, a runner with lanes like a spawner's, and a daemon that keeps accounts. */
function makePlay() {
  const world = makeWorld({ cpus: 2 })
  const lanes = new Map<number, number[]>()
  const cpusOf = new Map<number, number>()
  const outcomes = new Map<number, string[]>()
  const ran = new Set<number>()
  let lastToken = 0
  let isUp = true

  /** The runner does what it was asked. */
  const obey = () => {
    for (let asks = world.asks(); asks.length > 0; asks = world.asks()) {
      for (const ask of asks) {
        if (ask[0] === 'start') {
          lanes.set(ask[1], [...(lanes.get(ask[1]) ?? []), ask[2]])
          if (ran.has(ask[2])) throw new Error(`token ${ask[2]} was started twice`)
        } else {
          const tokens = ask[0] === 'kill' ? [ask[1]] : ask.slice(1).map(Number)
          for (const token of tokens) take(token, ask[0] === 'kill')
        }
      }
      check()
    }
  }
  /** The head of a lane runs: a kill ends it, a withdrawal leaves it alone. */
  const take = (token: number, isKill: boolean) => {
    for (const lane of lanes.values()) {
      const at = lane.indexOf(token)
      if (at < 0 || (at === 0 && !isKill)) continue
      lane.splice(at, 1)
      if (at === 0) world.exited([token], 5, 15)
      else world.withdrawn(token)
      return
    }
  }
  const check = () => {
    let used = 0
    for (const [head] of lanes.values()) if (head !== undefined) used += cpusOf.get(head) ?? 0
    expect(used).toBeLessThanOrEqual(2 + 1e-4)
  }
  /** The daemon notes what it is told, and says that it is durable. */
  const listen = () => {
    for (const frame of world.take()) {
      if (frame[0] === frameKind.exited) {
        for (let at = 0; at < frame[2].length; at += 9)
          note(frame[2][at] ?? -1, `report ${frame[1]}`)
        world.say([frameKind.ack, 1, frame[1]])
      }
      if (frame[0] === frameKind.returned) for (const token of frame[1]) note(token, 'returned')
    }
  }
  /** A report that comes again after a break is the same report. */
  const note = (token: number, what: string) => {
    const known = outcomes.get(token) ?? []
    if (!known.includes(what)) outcomes.set(token, [...known, what])
  }

  const play = (now: Step) => {
    const heads = [...lanes].filter(([, lane]) => lane.length > 0)
    const open = [...cpusOf.keys()].filter((token) => !outcomes.has(token))
    if (now.do === 'assign' && isUp) {
      const cpus = shapes[now.shape] ?? 1
      const tokens = Array.from({ length: now.count }, () => ++lastToken)
      for (const token of tokens) cpusOf.set(token, cpus)
      world.assign(tokens, { ...world.template, templateId: now.shape + 1, cpus })
    } else if (now.do === 'again' && isUp && lastToken > 0) {
      const token = (now.which % lastToken) + 1
      // A daemon repeats only what it has not heard the end of.
      if (!outcomes.has(token))
        world.assign([token], { ...world.template, cpus: cpusOf.get(token) ?? 1 })
    } else if (now.do === 'run' && heads.length > 0) {
      const lane = heads[now.which % heads.length]?.[1] ?? []
      const token = lane.shift() ?? -1
      ran.add(token)
      if (lane[0] !== undefined) world.started(lane[0])
      world.exited([token], now.wallMs)
    } else if (now.do === 'kill' && isUp && open.length > 0) {
      world.say([frameKind.kill, 1, [open[now.which % open.length] ?? -1], 100])
    } else if (now.do === 'recall' && isUp) world.say([frameKind.recall, 1, now.count])
    else if (now.do === 'break' && isUp) {
      listen()
      world.breakLink()
      isUp = false
    } else if (now.do === 'ack') {
      if (isUp) listen()
      else reconnect()
    } else if (now.do === 'wait') world.clock.advance(now.ms)
    obey()
  }
  const reconnect = () => {
    world.clock.advance(limits.reconnectMsMax)
    world.connect()
    isUp = true
  }
  const finish = () => {
    if (!isUp) reconnect()
    for (let round = 0; round < 1_000 && world.launcher.counts().held > 0; round++) {
      play({ do: 'run', which: 0, wallMs: 1 })
      world.clock.advance(limits.reportMsMax)
      listen()
      obey()
    }
    listen()
  }
  return { world, play, finish, outcomes, tokens: () => [...cpusOf.keys()] }
}

test('every assigned token is reported or given back exactly once', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const game = makePlay()
      game.world.launcher.start()
      game.world.connect()
      for (const now of steps) game.play(now)
      game.finish()
      expect(game.world.launcher.counts()).toMatchObject({ held: 0, pendingExits: 0, usedCpus: 0 })
      for (const token of game.tokens()) expect(game.outcomes.get(token)).toHaveLength(1)
      expect(game.world.left()).toEqual([])
    }),
    { numRuns: 2_000 },
  )
})
