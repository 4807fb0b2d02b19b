// A job's way through its states as the daemon drives it: deliver, come to rest, count.
import { expect, test } from 'vitest'
import type { JobContext, JobEvent, JobFacts } from '../../../machines/job.ts'
import { deliverToJob, jobTable, settle } from '../../../machines/tables.ts'
import { type JobState, jobStates, stateNumber } from '../../../protocol/states.ts'
import { jobContext } from './cases.ts'

/** Delivers events from CREATED on; gives the states come through, the effects and the counters. */
function drive(facts: Partial<JobFacts>, events: readonly (JobEvent | JobEvent['type'])[]) {
  const context: JobContext = jobContext(facts)
  const states: JobState[] = []
  const effects: string[] = []
  let state = jobTable.state('CREATED')
  for (const item of events) {
    const event = typeof item === 'string' ? ({ type: item } as JobEvent) : item
    state = deliverToJob(state, jobTable.event(event.type), event, context, (transition) => {
      if (transition.isMove) states.push(jobTable.states[transition.target] ?? 'CREATED')
      effects.push(...transition.effects)
    })
  }
  return { states, effects, context }
}

const toRunning = ['ADMITTED', 'LEASED', 'ATTEMPT_STARTED'] as const

test('state numbers of the job table are those of the protocol', () => {
  expect(jobStates.map((state) => jobTable.state(state))).toEqual(jobStates.map(stateNumber))
})

test('a job without hooks passes every state between and rests in PREPROCESSED', () => {
  const { states, effects } = drive({}, ['ADMITTED'])
  expect(states).toEqual(['READY', 'STAGED_IN', 'PREPROCESSED'])
  expect(effects).toEqual(['enqueue'])
})

test('a success without hooks passes every state to JOB_FINISHED and ends once', () => {
  const { states, effects, context } = drive({}, [...toRunning, 'ATTEMPT_SUCCEEDED'])
  expect(states.slice(3)).toEqual(['RUNNING', 'RUN_DONE', 'POSTPROCESSED', 'JOB_FINISHED'])
  expect(effects).toEqual(['enqueue', 'ended'])
  expect(context.attempts).toBe(1)
})

test('a failed job runs again as often as maxRetries says, then FAILED', () => {
  const again = ['LEASED', 'ATTEMPT_STARTED', 'ATTEMPT_FAILED'] as const
  const { states, context } = drive({ maxRetries: 2 }, ['ADMITTED', ...again, ...again, ...again])
  expect(states.filter((state) => state === 'RUN_ERROR')).toHaveLength(3)
  expect(states.at(-1)).toBe('FAILED')
  expect([context.attempts, context.failures]).toEqual([3, 3])
})

test('a lost attempt does not count against the retries', () => {
  const { states, context } = drive({}, [...toRunning, 'ATTEMPT_LOST'])
  expect(states.at(-1)).toBe('RESTART_READY')
  expect(context.failures).toBe(0)
})

test('a lease that never ran does not count as an attempt, and the job is offered again', () => {
  const { effects, context } = drive({}, ['ADMITTED', 'LEASED', 'WITHDRAWN'])
  expect(effects).toEqual(['enqueue', 'enqueue'])
  expect(context.attempts).toBe(0)
})

test('an attempt that ended unheard leaves its job as it is, and the job is offered again', () => {
  for (const event of ['ATTEMPT_LOST', 'ATTEMPT_KILLED'] as const) {
    const { states, effects } = drive({}, ['ADMITTED', 'LEASED', event])
    expect(states.at(-1)).toBe('PREPROCESSED')
    expect(effects).toEqual(['enqueue', 'enqueue'])
  }
})

test('a killed job stays killed when its attempt still succeeds', () => {
  const { states, effects } = drive({}, [...toRunning, 'KILL', 'ATTEMPT_SUCCEEDED', 'KILL'])
  expect(states.at(-1)).toBe('USER_KILLED')
  expect(effects).toEqual(['enqueue', 'killAttempt', 'ended'])
})

test('a retry forgets the failures, so that the job may fail as often again', () => {
  const { states, context } = drive({}, [...toRunning, 'ATTEMPT_FAILED', 'RETRY'])
  expect(states.slice(-2)).toEqual(['FAILED', 'RESTART_READY'])
  expect(context.failures).toBe(0)
})

test('forcing a job out of a state with an attempt ends that attempt', () => {
  const { effects } = drive({}, [...toRunning, { type: 'FORCE', to: 'RESTART_READY' }])
  expect(effects).toEqual(['enqueue', 'killAttempt', 'enqueue'])
})

test('forcing a job while its hook runs asks for its end, and its outcome is late', () => {
  const { states, effects } = drive({ hasPostprocess: true }, [
    ...toRunning,
    'ATTEMPT_SUCCEEDED',
    { type: 'FORCE', to: 'RESTART_READY' },
    'POSTPROCESS_DONE',
  ])
  expect(effects).toEqual(['enqueue', 'runPostprocess', 'killAttempt', 'enqueue'])
  expect(states.at(-1)).toBe('RESTART_READY')
})

test('a failure that the retries are not for is final, and a RETRY gives all of them back', () => {
  const { states, context } = drive({ maxRetries: 3 }, [...toRunning, 'ATTEMPT_FAILED_FOR_GOOD'])
  expect(states.slice(-2)).toEqual(['RUN_ERROR', 'FAILED'])
  expect(context.failures).toBe(4)
  const again = drive({ maxRetries: 3 }, [...toRunning, 'ATTEMPT_FAILED_FOR_GOOD', 'RETRY'])
  expect(again.context.failures).toBe(0)
})

test('a failure that the retries are not for is handled where there is a handler', () => {
  const facts = { hasPostprocess: true, handlesError: true }
  const { states, effects } = drive(facts, [...toRunning, 'ATTEMPT_FAILED_FOR_GOOD'])
  expect(states.at(-1)).toBe('RUN_ERROR')
  expect(effects).toEqual(['enqueue', 'runHandler'])
})

test('settling a job that rests names the same effects again and changes nothing', () => {
  const context = jobContext({ hasPreprocess: true })
  const staged = jobTable.state('STAGED_IN')
  const effects: string[] = []
  const rest = settle(staged, context, (transition) => effects.push(...transition.effects))
  settle(rest, context, (transition) => effects.push(...transition.effects))
  expect(rest).toBe(staged)
  expect(effects).toEqual(['runPreprocess', 'runPreprocess'])
})
