// The proof that the table and XState's own interpreter are one machine: same state, counters,
// effects.
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { AttemptEvent, AttemptState } from '../../../machines/attempt.ts'
import { attemptContext, attemptStates } from '../../../machines/attempt.ts'
import { type JobContext, type JobEvent, jobMachine } from '../../../machines/job.ts'
import { compile } from '../../../machines/table/compile.ts'
import { attemptTable, jobTable } from '../../../machines/tables.ts'
import { type JobState, jobStates } from '../../../protocol/states.ts'
import {
  everyFacts,
  jobContext,
  namingEvents,
  plainEvents,
  plainFacts,
} from '../../unit/machines/cases.ts'
import { attemptByXState, byTable, jobByXState, type Outcome } from '../../unit/machines/oracle.ts'

const attemptEvents: readonly AttemptEvent[] = [
  { type: 'STARTED' },
  { type: 'EXITED', isSuccess: true },
  { type: 'EXITED', isSuccess: false },
  { type: 'KILL' },
  { type: 'LOST' },
  { type: 'WITHDRAWN' },
  { type: 'TIMED_OUT' },
]

function isSame(one: Outcome, other: Outcome): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

/** Steps where a table differs from XState, over all states, the given events and contexts. */
function differences(
  table: typeof jobTable,
  events: readonly JobEvent[],
  contexts: readonly JobContext[],
): string[] {
  const found: string[] = []
  for (const state of jobStates) {
    for (const event of events) {
      for (const context of contexts) {
        const expected = jobByXState(state, context, event)
        const actual = byTable(table, state, { ...context }, event)
        if (!isSame(actual, expected)) found.push(`${state} ${JSON.stringify(event)}`)
      }
    }
  }
  return found
}

test('for all states, events and facts the job table does what XState does', () => {
  // With one retry allowed, one failure leaves it and two do not: both outcomes of hasRetryLeft.
  const contexts = everyFacts(1).flatMap((facts) => [
    jobContext(facts, 0, 1),
    jobContext(facts, 2, 2),
  ])
  expect(differences(jobTable, plainEvents, contexts)).toEqual([])
})

test('events that name a state do in the job table what they do in XState', () => {
  const contexts = [plainFacts, ...everyFacts(0).slice(-1)].map((facts) => jobContext(facts, 1, 1))
  expect(differences(jobTable, namingEvents, contexts)).toEqual([])
})

test('a table made from a machine with one guard turned is found to differ', () => {
  const turned = jobMachine.provide({ guards: { hasRetryLeft: () => true } })
  const table: typeof jobTable = compile(turned, jobStates)
  const found = differences(table, plainEvents, [jobContext({}, 1, 1)])
  expect(found).toEqual(['RUN_ERROR {"type":"ADVANCE"}'])
})

test('in every state and with every event the attempt table does what XState does', () => {
  for (const state of attemptStates) {
    for (const event of attemptEvents) {
      const expected = attemptByXState(state, event)
      expect(byTable(attemptTable, state, attemptContext, event)).toEqual(expected)
    }
  }
})

const everyEvent: readonly JobEvent[] = [...plainEvents, ...namingEvents]
const anyFacts = fc.constantFrom(...[0, 1, 2].flatMap((retries) => everyFacts(retries)))
// Each number picks the next event: two of three times one that means something in the state.
const anyPicks = fc.array(fc.nat(), { minLength: 1, maxLength: 20 })

function pick(number: number, state: JobState, context: JobContext): JobEvent {
  const known = everyEvent.filter((event) => stepOf(state, context, event) !== null)
  const list = number % 3 === 0 || known.length === 0 ? everyEvent : known
  return list[Math.floor(number / 3) % list.length] ?? { type: 'ADVANCE' }
}

function stepOf(state: JobState, context: JobContext, event: JobEvent) {
  return jobTable.step(jobTable.state(state), jobTable.event(event.type), context, event)
}

test('100,000 random sequences of events end the same in the job table and in XState', () => {
  const taken = new Set<number>()
  const result = fc.check(
    fc.property(anyFacts, anyPicks, (facts, picks) => {
      const context = jobContext(facts)
      let state: JobState = 'CREATED'
      for (const number of picks) {
        const event = pick(number, state, context)
        const before = { ...context }
        taken.add(stepOf(state, before, event)?.index ?? -1)
        const actual: Outcome<JobState> = byTable(jobTable, state, context, event)
        if (!isSame(actual, jobByXState(state, before, event))) return false
        state = actual.state
      }
      return true
    }),
    { numRuns: 100_000 },
  )
  expect(fc.defaultReportMessage(result) ?? 'it holds').toBe('it holds')
  // Every transition of the table was among them.
  expect(taken.size - 1).toBe(jobTable.transitions.length)
}, 600_000)

test('100,000 random sequences of events end the same in the attempt table and in XState', () => {
  const taken = new Set<number>()
  const sequences = fc.array(fc.constantFrom(...attemptEvents), { minLength: 1, maxLength: 6 })
  const result = fc.check(
    fc.property(sequences, (events) => {
      let state: AttemptState = 'leased'
      for (const event of events) {
        const number = attemptTable.event(event.type)
        const step = attemptTable.step(attemptTable.state(state), number, attemptContext, event)
        taken.add(step?.index ?? -1)
        const actual: Outcome<AttemptState> = byTable(attemptTable, state, attemptContext, event)
        if (!isSame(actual, attemptByXState(state, event))) return false
        state = actual.state
      }
      return true
    }),
    { numRuns: 100_000 },
  )
  expect(fc.defaultReportMessage(result) ?? 'it holds').toBe('it holds')
  expect(taken.size - 1).toBe(attemptTable.transitions.length)
}, 600_000)
