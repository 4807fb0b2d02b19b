// Which outcome an attempt has, and what its job is told.
import { expect, test } from 'vitest'
import {
  type AttemptEvent,
  type AttemptState,
  attemptContext,
  attemptStates,
} from '../../../machines/attempt.ts'
import { plainJobEvents } from '../../../machines/job.ts'
import { attemptTable } from '../../../machines/tables.ts'

const success: AttemptEvent = { type: 'EXITED', isSuccess: true }
const failure: AttemptEvent = { type: 'EXITED', isSuccess: false }
const plain = (type: Exclude<AttemptEvent['type'], 'EXITED'>): AttemptEvent => ({ type })

function drive(events: readonly AttemptEvent[]) {
  let state = attemptTable.state('leased')
  const effects: string[] = []
  for (const event of events) {
    const found = attemptTable.step(state, attemptTable.event(event.type), attemptContext, event)
    if (found === null) continue
    state = found.target
    effects.push(...found.effects)
  }
  return { state: attemptTable.states[state], effects }
}

test('a success that was announced ends as succeeded', () => {
  const { state, effects } = drive([plain('STARTED'), success])
  expect(state).toBe('succeeded')
  expect(effects).toEqual(['ATTEMPT_STARTED', 'ATTEMPT_SUCCEEDED'])
})

test('a short task that is heard of by its exit only tells its job that it started, first', () => {
  expect(drive([success]).effects).toEqual(['ATTEMPT_STARTED', 'ATTEMPT_SUCCEEDED'])
})

test('what could not be started has been tried and failed', () => {
  const { state, effects } = drive([failure])
  expect(state).toBe('failed')
  expect(effects).toEqual(['ATTEMPT_STARTED', 'ATTEMPT_FAILED'])
})

test('after a kill was asked every exit means killed, a success too', () => {
  for (const exit of [success, failure, plain('TIMED_OUT')]) {
    const { state, effects } = drive([plain('STARTED'), plain('KILL'), exit])
    expect(state).toBe('killed')
    expect(effects).toEqual(['ATTEMPT_STARTED', 'killTask', 'ATTEMPT_KILLED'])
  }
})

test('a task that starts after the kill was asked is not told to its job', () => {
  expect(drive([plain('KILL'), plain('STARTED'), failure]).effects).toEqual([
    'killTask',
    'ATTEMPT_KILLED',
  ])
})

test('asking for a kill again sends it again', () => {
  expect(drive([plain('KILL'), plain('KILL')]).effects).toEqual(['killTask', 'killTask'])
})

test('an attempt whose time was over before it started never ran', () => {
  expect(drive([plain('TIMED_OUT')])).toEqual({ state: 'withdrawn', effects: ['WITHDRAWN'] })
})

test('an attempt that was reported as started does not come back unstarted: it is lost', () => {
  const { state, effects } = drive([plain('STARTED'), plain('WITHDRAWN')])
  expect(state).toBe('lost')
  expect(effects).toEqual(['ATTEMPT_STARTED', 'ATTEMPT_LOST'])
})

test('whatever comes after an outcome changes nothing', () => {
  const outcomes: readonly AttemptState[] = attemptStates.slice(3)
  const all = [
    success,
    failure,
    ...(['STARTED', 'KILL', 'LOST', 'WITHDRAWN', 'TIMED_OUT'] as const).map(plain),
  ]
  for (const outcome of outcomes) {
    for (const event of all) {
      const number = attemptTable.event(event.type)
      const found = attemptTable.step(attemptTable.state(outcome), number, attemptContext, event)
      expect(found).toBeNull()
    }
  }
})

test('every effect of an attempt but killTask is an event of the job machine', () => {
  const named = new Set(attemptTable.transitions.flatMap((way) => way.effects))
  named.delete('killTask')
  expect([...named].filter((name) => !plainJobEvents.some((event) => event === name))).toEqual([])
  expect(named.size).toBeGreaterThan(0)
})
