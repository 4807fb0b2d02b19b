// The public states: their numbers are part of the store and never change.
import { expect, test } from 'vitest'
import {
  endStates,
  isEndState,
  isJobState,
  jobStates,
  processableStates,
  runnableStates,
  stateNumber,
  stateOf,
} from '../../../protocol/states.ts'

test('the numbers of the states are those that stores hold', () => {
  const numbers = Object.fromEntries(jobStates.map((state) => [state, stateNumber(state)]))
  expect(numbers).toEqual({
    CREATED: 0,
    AWAITING_PARENTS: 1,
    READY: 2,
    STAGED_IN: 3,
    PREPROCESSED: 4,
    RUNNING: 5,
    RUN_DONE: 6,
    POSTPROCESSED: 7,
    JOB_FINISHED: 8,
    RUN_TIMEOUT: 9,
    RUN_ERROR: 10,
    RESTART_READY: 11,
    FAILED: 12,
    USER_KILLED: 13,
  })
})

test('a number names the state that has it', () => {
  for (const state of jobStates) expect(stateOf(stateNumber(state) ?? -1)).toBe(state)
})

test('a number that is no state is a bug', () => {
  for (const number of [-1, 14, 0.5, Number.NaN])
    expect(() => stateOf(number)).toThrow(`no job state has the number ${number}`)
})

test('only the fourteen words are states', () => {
  expect(jobStates.every(isJobState)).toBe(true)
  for (const word of ['running', '', 'DONE', 'toString']) {
    expect(isJobState(word)).toBe(false)
    expect(stateNumber(word)).toBeUndefined()
  }
})

test('there are three ends', () => {
  expect(jobStates.filter(isEndState)).toEqual(endStates)
  expect(endStates).toHaveLength(3)
})

test('every state is run, moved on, waited for or an end, and none is two of these', () => {
  const groups = [...runnableStates, ...processableStates, ...endStates, 'RUNNING']
  expect([...groups].toSorted()).toEqual([...jobStates].toSorted())
})
