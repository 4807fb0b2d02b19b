// Rules of the node and the daemon machines.
import { expect, test } from 'vitest'
import type { DaemonEvent } from '../../../machines/daemon.ts'
import { newDaemon, newNode } from './live-cases.ts'

test('a silent node loses nothing until there is proof that it is dead', () => {
  const node = newNode()
  expect(node.deliver({ type: 'SILENT' })).toEqual([])
  expect(node.deliver({ type: 'LOST', evidence: 'the scheduler says DOWN' })).toEqual([
    { type: 'loseLeases', evidence: 'the scheduler says DOWN' },
  ])
})

test('a node that was called dead and is heard is up again, and people are warned', () => {
  const node = newNode()
  node.deliver({ type: 'LOST', evidence: 'a user' })
  expect(node.deliver({ type: 'HEARD' })).toEqual([{ type: 'warnReturned', evidence: 'a user' }])
  expect([node.state(), node.context().evidence]).toEqual(['up', ''])
})

test('after a restart a node is silent until it is heard', () => {
  const node = newNode()
  node.deliver({ type: 'RESUME' })
  expect(node.state()).toBe('silent')
})

function daemon(...events: readonly DaemonEvent[]) {
  const live = newDaemon()
  const effects = [...live.first]
  for (const event of events) effects.push(...live.deliver(event))
  return { live, effects: effects.map(({ type }) => type) }
}

const opened = { type: 'STORE_OPENED', epoch: 4 } as const
const recovered = { type: 'RECOVERED' } as const
const stop = { type: 'STOP', how: 'stop', reason: 'asked' } as const
const restart = { type: 'STOP', how: 'restart', reason: 'SIGTERM' } as const

test('a daemon serves only after it has opened its store and recovered', () => {
  const { live, effects } = daemon(recovered, opened, recovered)
  expect(effects).toEqual(['openStore', 'recover', 'serve'])
  expect(live.context().epoch).toBe(4)
})

test('a stop ends the local allocations, drains, closes the store and leaves', () => {
  const { effects } = daemon(opened, recovered, stop, { type: 'DRAINED' }, { type: 'CLOSED' })
  expect(effects.slice(3)).toEqual(['refuseCalls', 'endAllocations', 'closeStore', 'exit'])
})

test('a restart leaves the allocations running', () => {
  const { effects } = daemon(opened, recovered, restart, { type: 'DRAIN_OVERDUE' })
  expect(effects).not.toContain('endAllocations')
  expect(effects.at(-1)).toBe('closeStore')
})

test('a restart can become a stop while it drains, and a stop never a restart', () => {
  const { live, effects } = daemon(opened, recovered, restart, stop, restart)
  expect(effects.filter((effect) => effect === 'endAllocations')).toHaveLength(1)
  expect(live.context().how).toBe('stop')
})

test('a daemon that is told to stop before it serves never serves', () => {
  const { live, effects } = daemon(stop, opened, recovered)
  expect(effects).toEqual(['openStore', 'closeStore'])
  expect(live.state()).toBe('stopping')
})

test('a failed commit ends the daemon in any state, and nothing is written after it', () => {
  for (const before of [[], [opened], [opened, recovered], [opened, recovered, stop]]) {
    const { live } = daemon(...before)
    expect(live.deliver({ type: 'FAILED', reason: 'fsync: EIO' })).toEqual([
      { type: 'exit', isFailure: true },
    ])
    expect([live.state(), live.context().reason]).toEqual(['stopped', 'fsync: EIO'])
  }
})
