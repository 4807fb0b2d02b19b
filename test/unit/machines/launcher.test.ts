// Rules of the launcher machine.
import { expect, test } from 'vitest'
import { newLauncher } from './live-cases.ts'

const hello = { type: 'HELLO', incarnation: 'a' } as const

function connected() {
  const launcher = newLauncher()
  launcher.deliver(hello)
  return launcher
}

test('a launcher that says hello is welcomed and offered work', () => {
  const launcher = newLauncher()
  expect(launcher.deliver(hello)).toEqual([
    { type: 'welcome', isNewIncarnation: true },
    { type: 'offerWork' },
  ])
  expect(launcher.state()).toBe('connected')
})

test('a launcher that only reconnects is told apart from one that was started again', () => {
  const launcher = connected()
  launcher.deliver({ type: 'LINK_CLOSED' })
  expect(launcher.deliver(hello)[0]).toEqual({ type: 'welcome', isNewIncarnation: false })
  expect(launcher.deliver({ type: 'HELLO', incarnation: 'b' })[0]).toEqual({
    type: 'welcome',
    isNewIncarnation: true,
  })
})

test('silence has no effect on leases: the allocation may live', () => {
  const launcher = connected()
  expect(launcher.deliver({ type: 'HEARTBEAT_MISSED' })).toEqual([])
  expect(launcher.deliver({ type: 'LINK_CLOSED' })).toEqual([])
  expect(launcher.state()).toBe('disconnected')
})

test('a silent launcher that is heard again is offered work', () => {
  const launcher = connected()
  launcher.deliver({ type: 'HEARTBEAT_MISSED' })
  expect(launcher.deliver({ type: 'FRAME_HEARD' })).toEqual([{ type: 'offerWork' }])
  expect(launcher.state()).toBe('connected')
})

test('the end of the allocation loses the leases, wherever the launcher was', () => {
  for (const before of ['LINK_CLOSED', 'HEARTBEAT_MISSED', 'FRAME_HEARD'] as const) {
    const launcher = connected()
    launcher.deliver({ type: before })
    expect(launcher.deliver({ type: 'ALLOCATION_ENDED' })).toEqual([{ type: 'loseLeases' }])
  }
})

test('a goodbye gives the leases back: what ran has been reported', () => {
  const launcher = connected()
  expect(launcher.deliver({ type: 'BYE' })).toEqual([{ type: 'withdrawLeases' }])
  expect(launcher.state()).toBe('gone')
})

test('a launcher that comes back while it drains is told again how', () => {
  const launcher = connected()
  expect(launcher.deliver({ type: 'DRAIN', how: 'finish' })).toEqual([
    { type: 'drain', how: 'finish' },
  ])
  launcher.deliver({ type: 'LINK_CLOSED' })
  launcher.deliver({ type: 'DRAIN', how: 'stop' })
  expect(launcher.deliver(hello).at(-1)).toEqual({ type: 'drain', how: 'stop' })
  expect(launcher.state()).toBe('draining')
})

test('a stop is never softened to a finish', () => {
  const launcher = connected()
  launcher.deliver({ type: 'DRAIN', how: 'stop' })
  expect(launcher.deliver({ type: 'DRAIN', how: 'finish' })).toEqual([
    { type: 'drain', how: 'stop' },
  ])
})

test('a launcher that drains is never offered work', () => {
  const launcher = connected()
  const effects = [
    ...launcher.deliver({ type: 'DRAIN', how: 'finish' }),
    ...launcher.deliver({ type: 'LINK_CLOSED' }),
    ...launcher.deliver(hello),
    ...launcher.deliver({ type: 'FRAME_HEARD' }),
  ]
  expect(effects.map(({ type }) => type)).toEqual(['drain', 'welcome', 'drain'])
})

test('a launcher of an ended allocation is refused', () => {
  const launcher = connected()
  launcher.deliver({ type: 'ALLOCATION_ENDED' })
  expect(launcher.deliver(hello)).toEqual([{ type: 'refuse' }])
  expect(launcher.state()).toBe('ended')
})

test('a restart of the daemon leaves every launcher without a link', () => {
  const launcher = connected()
  launcher.deliver({ type: 'RESUME' })
  expect(launcher.state()).toBe('disconnected')
})

test('a launcher of a requeued allocation is welcomed when it was started anew', () => {
  for (const before of ['LINK_CLOSED', 'HEARTBEAT_MISSED', 'BYE'] as const) {
    const launcher = connected()
    launcher.deliver({ type: before })
    launcher.deliver({ type: 'ALLOCATION_REQUEUED' })
    expect(launcher.deliver({ type: 'HELLO', incarnation: 'b' })).toEqual([
      { type: 'welcome', isNewIncarnation: true },
      { type: 'offerWork' },
    ])
  }
})

test('a start of a launcher that was given up with a requeue is refused', () => {
  const launcher = connected()
  expect(launcher.deliver({ type: 'ALLOCATION_REQUEUED' })).toEqual([{ type: 'loseLeases' }])
  expect(launcher.deliver(hello)).toEqual([{ type: 'refuse' }])
})

test('a drain concerns only the start of the allocation that it was told to', () => {
  const launcher = connected()
  launcher.deliver({ type: 'DRAIN', how: 'stop' })
  launcher.deliver({ type: 'ALLOCATION_REQUEUED' })
  launcher.deliver({ type: 'HELLO', incarnation: 'b' })
  expect(launcher.deliver({ type: 'DRAIN', how: 'finish' })).toEqual([
    { type: 'drain', how: 'finish' },
  ])
})
