// The public history of a job, from its records.
import { expect, test } from 'vitest'
import { type HistoryRecord, history, replay } from '../../../machines/history.ts'
import { plainFacts } from './cases.ts'

const usage = (code: number, signal: number, reason = '') => [code, signal, 5, 1, 1, 900, 0, reason]

function states(records: readonly HistoryRecord[], facts = plainFacts): readonly string[] {
  return history(records, facts).map(({ state }) => state)
}

test('a job without records has no history', () => {
  expect(history([], plainFacts)).toEqual([])
})

test('states passed on the way are in the history, at the time of the event that led there', () => {
  const steps = history(
    [
      [10, 'ADMITTED'],
      [20, 'LEASED', 1, 7],
      [30, 'ATTEMPT_STARTED'],
      [40, 'ATTEMPT_SUCCEEDED', ...usage(0, 0)],
    ],
    plainFacts,
  )
  expect(steps.map(({ atMs, state }) => `${atMs} ${state}`)).toEqual([
    '10 CREATED',
    '10 READY',
    '10 STAGED_IN',
    '10 PREPROCESSED',
    '30 RUNNING',
    '40 RUN_DONE',
    '40 POSTPROCESSED',
    '40 JOB_FINISHED',
  ])
})

test('a failed attempt is told with its code, and the retry with its number', () => {
  const steps = history(
    [
      [1, 'ADMITTED'],
      [2, 'LEASED'],
      [3, 'ATTEMPT_STARTED'],
      [4, 'ATTEMPT_FAILED', ...usage(3, 0)],
      [5, 'LEASED'],
      [6, 'ATTEMPT_STARTED'],
      [7, 'ATTEMPT_FAILED', ...usage(-1, 9)],
    ],
    { ...plainFacts, maxRetries: 1 },
  )
  expect(steps.slice(5).map(({ state, message }) => `${state} ${message}`)).toEqual([
    'RUN_ERROR exit code 3',
    'RESTART_READY retry 1 of 1',
    'RUNNING ',
    'RUN_ERROR signal 9',
    'FAILED no retry left of 1',
  ])
})

test('the reason why an attempt was lost stands in the history', () => {
  const steps = history(
    [
      [1, 'ADMITTED'],
      [2, 'LEASED'],
      [3, 'ATTEMPT_STARTED'],
      [4, 'ATTEMPT_LOST', ...usage(-1, 0, 'its node died')],
    ],
    plainFacts,
  )
  expect(steps.at(-1)).toEqual({ atMs: 4, state: 'RESTART_READY', message: 'its node died' })
})

test('records that came late are in the log and not in the history', () => {
  const records: readonly HistoryRecord[] = [
    [1, 'ADMITTED'],
    [2, 'LEASED'],
    [3, 'ATTEMPT_STARTED'],
    [4, 'KILL'],
    [5, 'ATTEMPT_KILLED', ...usage(-1, 15)],
    [6, 'ATTEMPT_SUCCEEDED', ...usage(0, 0)],
  ]
  expect(states(records).at(-1)).toBe('USER_KILLED')
  expect(states(records)).toHaveLength(6)
})

test('a forced state stands in the history with what the user said', () => {
  const steps = history(
    [
      [1, 'ADMITTED'],
      [2, 'FORCE', 'JOB_FINISHED', 'done by hand'],
    ],
    plainFacts,
  )
  expect(steps.at(-1)).toEqual({ atMs: 2, state: 'JOB_FINISHED', message: 'done by hand' })
})

test('a timeout flag without a script warns and runs the job again', () => {
  const facts = { ...plainFacts, handlesTimeout: true, retriesTimeout: true }
  const steps = history(
    [
      [1, 'ADMITTED'],
      [2, 'LEASED'],
      [3, 'ATTEMPT_STARTED'],
      [4, 'ATTEMPT_TIMED_OUT', ...usage(-1, 15, 'walltime')],
    ],
    facts,
  )
  expect(steps.at(-2)).toMatchObject({ state: 'RUN_TIMEOUT', message: 'walltime' })
  expect(steps.at(-1)).toMatchObject({
    state: 'RESTART_READY',
    message: 'there is no postprocess script to handle the timeout; to run again',
  })
})

test('a replay gives the state and the counters with which the job goes on', () => {
  const { state, context } = replay(
    [
      [1, 'ADMITTED'],
      [2, 'LEASED'],
      [3, 'WITHDRAWN', 'recalled'],
      [4, 'LEASED'],
      [5, 'ATTEMPT_STARTED'],
      [6, 'ATTEMPT_FAILED', ...usage(1, 0)],
    ],
    { ...plainFacts, maxRetries: 2 },
  )
  expect(state).toBe('RESTART_READY')
  expect([context.attempts, context.failures]).toEqual([1, 1])
})

test('a record that the machine does not know is refused, not skipped', () => {
  expect(() => history([[1, 'FROBNICATE']], plainFacts)).toThrow('unknown event FROBNICATE')
  expect(() => history([[1, 'FORCE', 'NOWHERE']], plainFacts)).toThrow('NOWHERE')
})
