// The catalogue of faults: each entry helps, and what it shows can't drive a terminal.
import { expect, test } from 'vitest'
import {
  escapeControls,
  Fault,
  type FaultCode,
  fault,
  faultBody,
  faultCatalogue,
} from '../../../protocol/faults.ts'

// Border: the keys of a constant are its codes.
const codes = Object.keys(faultCatalogue) as FaultCode[]

test.for(codes)('%s says what happened and what to do, in one line each', (code) => {
  const { message, advice } = faultCatalogue[code]
  for (const text of [message, advice]) {
    expect(text).not.toBe('')
    expect(text).toBe(text.trim())
    expect(text).not.toMatch(/[\n\r]|\.$/)
  }
})

test.for(codes)('%s has an exit code of the list and a status of HTTP', (code) => {
  const { exit, status } = faultCatalogue[code]
  expect(exit).toBeGreaterThanOrEqual(1)
  expect(exit).toBeLessThanOrEqual(9)
  expect(status).toBeGreaterThanOrEqual(200)
  expect(status).toBeLessThan(600)
})

test('a code is in capitals', () => {
  for (const code of codes) expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/)
})

test('facts fill message and advice', () => {
  const error = fault('APP_EXISTS', { name: 'Hello' })
  expect(error.message).toContain('Hello')
  expect(fault('INTERNAL', { what: 'x', log: '/l' }).advice).toContain('/l')
  expect(error.exit).toBe(faultCatalogue.APP_EXISTS.exit)
  expect(error.status).toBe(faultCatalogue.APP_EXISTS.status)
})

test('a fact that is missing leaves nothing behind', () => {
  expect(fault('APP_UNKNOWN', { name: 'x' }).message).not.toContain('{')
})

test('a fact is filled in once, even when it looks like a place for another', () => {
  expect(fault('BAD_FIELD', { field: '{what}', what: 'w' }).message).toBe('{what}: w')
})

test('control characters of a fact are shown, not sent', () => {
  const { message } = fault('JOB_UNKNOWN', { ref: 'a\u001b[31mb\nc\u009b' })
  expect(message).toContain('a\\x1b[31mb\\x0ac\\x9b')
})

test('letters of all languages stay as they are', () => {
  expect(escapeControls('Jürgen, 日本, …')).toBe('Jürgen, 日本, …')
})

test('the wire form holds code, facts, message and advice', () => {
  const error = fault('JOB_UNKNOWN', { ref: '7' })
  expect(faultBody(error)).toEqual({
    error: {
      code: 'JOB_UNKNOWN',
      facts: { ref: '7' },
      message: error.message,
      advice: error.advice,
    },
  })
})

test('a fault is an error of its own name', () => {
  expect(fault('DRAINING')).toBeInstanceOf(Fault)
  expect(fault('DRAINING').name).toBe('Fault')
})
