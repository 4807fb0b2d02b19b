// Rules of the allocation machine: above all that a lost answer is neither an end nor a second
// allocation.
import { expect, test } from 'vitest'
import type { AllocationEvent } from '../../../machines/allocation.ts'
import { limits } from '../../../protocol/limits.ts'
import { allocationEvents, newAllocation } from './live-cases.ts'

function allocation(...events: readonly AllocationEvent[]) {
  const live = newAllocation()
  const effects = [...live.first]
  for (const event of events) effects.push(...live.deliver(event))
  return { live, effects: effects.map(({ type }) => type) }
}

const submit = { type: 'SUBMIT' } as const
const accepted = { type: 'SUBMIT_ACCEPTED', schedulerId: '7' } as const
const unknown = { type: 'SUBMIT_UNKNOWN', reason: 'no answer' } as const
const notFound = { type: 'NOT_FOUND', atMs: 50 } as const
const running = { type: 'POLLED_RUNNING', atMs: 1_000 } as const
const cancel = { type: 'CANCEL', atMs: 2_000, reason: 'by the user' } as const
const ended = { type: 'POLLED_ENDED', atMs: 3_000, isFailure: false, reason: 'COMPLETED' } as const

test('an allocation is prepared, submitted once, watched, started and ended', () => {
  const { live, effects } = allocation(submit, accepted, running, ended)
  expect(effects).toEqual(['prepare', 'submit', 'watch', 'started', 'ended'])
  expect(live.context()).toMatchObject({
    schedulerId: '7',
    startedAtMs: 1_000,
    walltimeEndsAtMs: 61_000,
    endedAtMs: 3_000,
    reason: 'COMPLETED',
  })
})

test('a refused submission fails with what the scheduler said', () => {
  const { live } = allocation(submit, { type: 'SUBMIT_REFUSED', atMs: 9, reason: 'no such queue' })
  expect(live.state()).toBe('FAILED')
  expect(live.context()).toMatchObject({ reason: 'no such queue', endedAtMs: 9 })
})

test('a submission without an answer is searched, not submitted again', () => {
  const { live, effects } = allocation(submit, unknown, notFound)
  expect(live.state()).toBe('SEARCHING')
  expect(effects.filter((effect) => effect === 'submit')).toHaveLength(1)
})

test('only after two searches that found nothing is it submitted again', () => {
  const { effects } = allocation(submit, unknown, notFound, notFound, submit)
  expect(effects).toEqual(['prepare', 'submit', 'find', 'find', 'prepare', 'submit'])
})

test('each submission that was lost without a trace makes the next one wait longer', () => {
  const { live } = allocation(submit, unknown, notFound)
  const waits = Array.from({ length: 12 }, () => {
    const [prepare] = live.deliver(notFound)
    for (const event of [submit, unknown, notFound]) live.deliver(event)
    return prepare?.type === 'prepare' ? prepare.waitMs : 0
  })
  const { resubmitMsMin, resubmitMsMax } = limits
  expect(waits.slice(0, 3)).toEqual([resubmitMsMin, 2 * resubmitMsMin, 4 * resubmitMsMin])
  expect(waits.slice(-2)).toEqual([resubmitMsMax, resubmitMsMax])
})

test('a search that finds the lost submission goes on with it', () => {
  const { live, effects } = allocation(submit, unknown, { type: 'FOUND', schedulerId: '8' })
  expect(live.state()).toBe('QUEUED')
  expect(live.context()).toMatchObject({ schedulerId: '8', reason: '' })
  expect(effects.at(-1)).toBe('watch')
})

test('a daemon that comes back while it submitted searches before it does anything', () => {
  const { live, effects } = allocation(submit, { type: 'RESUME' })
  expect(live.state()).toBe('SEARCHING')
  expect(effects.at(-1)).toBe('find')
})

test('a poll without an answer never changes anything, in any state', () => {
  for (const event of allocationEvents) {
    const { live } = allocation(submit, event)
    const before = JSON.stringify(live.stored())
    expect(live.deliver({ type: 'POLLED_UNKNOWN' })).toEqual([])
    expect(JSON.stringify(live.stored())).toBe(before)
  }
})

test('a launcher that is heard proves that its allocation runs', () => {
  const heard = { type: 'LAUNCHER_HEARD', atMs: 700 } as const
  for (const before of [[accepted], [unknown], []]) {
    const { live } = allocation(submit, ...before, heard)
    expect(live.state()).toBe('RUNNING')
    expect(live.context().startedAtMs).toBe(700)
  }
})

test('an answer that comes after its launcher was heard still gives the id', () => {
  const { live } = allocation(submit, { type: 'LAUNCHER_HEARD', atMs: 700 }, accepted)
  expect(live.state()).toBe('RUNNING')
  expect(live.context().schedulerId).toBe('7')
})

test('that nobody cancelled it can be told from every end that has a reason', () => {
  const failed = { ...ended, isFailure: true, reason: 'NODE_FAIL' }
  expect(allocation(submit, accepted, running, failed).live.context().cancelledAtMs).toBeNull()
  expect(allocation(submit, accepted, cancel, failed).live.context().cancelledAtMs).toBe(2_000)
})

test('a lost answer is no reason any more once a launcher was heard', () => {
  const { live } = allocation(submit, unknown, { type: 'LAUNCHER_HEARD', atMs: 700 })
  expect(live.context().reason).toBe('')
})

test('what is cancelled before it was submitted ends at once', () => {
  const { live, effects } = allocation(cancel)
  expect(live.state()).toBe('ENDED')
  expect(effects).toEqual(['prepare', 'ended'])
})

test('what is cancelled while its answer is open is cancelled as soon as its id is known', () => {
  const { live, effects } = allocation(submit, cancel, accepted)
  expect(live.state()).toBe('ENDING')
  expect(effects.at(-1)).toBe('cancel')
})

test('what is cancelled and was never taken by the scheduler ends after the searches', () => {
  const { live } = allocation(submit, unknown, cancel, notFound, notFound)
  expect(live.state()).toBe('ENDED')
  expect(live.context().reason).toBe('by the user')
})

test('a cancelled allocation has ended only on proof', () => {
  const { live, effects } = allocation(submit, accepted, running, cancel, running, {
    type: 'POLLED_UNKNOWN',
  })
  expect(live.state()).toBe('ENDING')
  expect(effects).not.toContain('ended')
  live.deliver(ended)
  expect(live.state()).toBe('ENDED')
  expect(live.context().reason).toBe('by the user')
})

test('a cancel that did not help is repeated by force', () => {
  const { live } = allocation(submit, accepted, running, cancel)
  expect(live.deliver({ type: 'CANCEL_OVERDUE' })).toEqual([{ type: 'cancel', isForced: true }])
})

test('an allocation has ended when its walltime and a grace have passed, unheard or not', () => {
  const { live, effects } = allocation(submit, accepted, running, {
    type: 'WALLTIME_PASSED',
    atMs: 90_000,
  })
  expect(live.state()).toBe('ENDED')
  expect(live.context().endedAtMs).toBe(90_000)
  expect(effects.at(-1)).toBe('ended')
})

test('an allocation that was put back into the queue has lost its nodes and its start', () => {
  const { live, effects } = allocation(submit, accepted, running, { type: 'POLLED_QUEUED' })
  expect(live.state()).toBe('QUEUED')
  expect(live.context()).toMatchObject({ startedAtMs: null, walltimeEndsAtMs: null })
  expect(effects.at(-1)).toBe('requeued')
})

test('the allocation of a launcher started by hand runs at once and is never submitted', () => {
  const { live, effects } = allocation({ type: 'FOREIGN_REGISTERED', atMs: 10 })
  expect(live.state()).toBe('RUNNING')
  expect(effects).toEqual(['prepare', 'started'])
})

test('nothing brings an ended allocation back', () => {
  for (const last of [ended, { ...ended, isFailure: true }]) {
    for (const event of allocationEvents) {
      const { live } = allocation(submit, accepted, running, last)
      const before = live.state()
      live.deliver(event)
      expect(live.state()).toBe(before)
    }
  }
})
