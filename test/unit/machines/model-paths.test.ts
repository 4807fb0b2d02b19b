// Paths that XState's own graph tools find through the machines, walked again by the tables.
import { expect, test } from 'vitest'
import {
  adjacencyMapToArray,
  getAdjacencyMap,
  getShortestPaths,
  getSimplePaths,
} from 'xstate/graph'
import { attemptContext, attemptMachine, attemptStates } from '../../../machines/attempt.ts'
import { type JobContext, type JobEvent, type JobFacts, jobMachine } from '../../../machines/job.ts'
import { attemptTable, jobTable } from '../../../machines/tables.ts'
import { type JobState, jobStates } from '../../../protocol/states.ts'
import { everyFacts, jobContext, namingEvents, plainEvents, plainFacts } from './cases.ts'
import { byTable, type Outcome } from './oracle.ts'

const attemptEvents = [
  { type: 'STARTED' },
  { type: 'EXITED', isSuccess: true },
  { type: 'EXITED', isSuccess: false },
  { type: 'KILL' },
  { type: 'LOST' },
  { type: 'WITHDRAWN' },
  { type: 'TIMED_OUT' },
] as const

const byItself = plainEvents.filter(({ type }) => type !== 'KILL' && type !== 'RETRY')
const handled: JobFacts = { ...plainFacts, hasPostprocess: true, handlesError: true }
const retried: JobFacts = { ...plainFacts, maxRetries: 1, retriesTimeout: true }

/** Counters grow without end, so states are told apart by two failures and one attempt only. */
function stateText(snapshot: { readonly value: unknown; readonly context: JobContext }): string {
  const { attempts, failures } = snapshot.context
  return `${String(snapshot.value)} ${Math.min(failures, 2)} ${Math.min(attempts, 1)}`
}

function walk(facts: JobFacts, events: readonly JobEvent[]): string {
  const context = jobContext(facts)
  let state: JobState = 'CREATED'
  for (const event of events) {
    const next: Outcome<JobState> = byTable(jobTable, state, context, event)
    state = next.state
  }
  return state
}

test('the shortest paths reach all fourteen states, and the table walks each to its end', () => {
  const reached = new Set<string>()
  for (const facts of [handled, retried]) {
    const paths = getShortestPaths(jobMachine, {
      input: facts,
      events: plainEvents,
      serializeState: stateText,
    })
    for (const path of paths) {
      const events = path.steps.map((step) => step.event).filter((event) => isJobEvent(event))
      expect(walk(facts, events)).toBe(path.state.value)
      reached.add(path.state.value)
    }
  }
  expect([...reached].sort()).toEqual([...jobStates].sort())
})

test('all simple paths of an unforced job end in the table where they end in XState', () => {
  const paths = getSimplePaths(jobMachine, {
    input: retried,
    events: byItself.filter(({ type }) => type !== 'LEASED' && type !== 'WITHDRAWN'),
    serializeState: stateText,
  })
  expect(paths.length).toBeGreaterThan(20)
  for (const path of paths) {
    const events = path.steps.map((step) => step.event).filter((event) => isJobEvent(event))
    expect(walk(retried, events)).toBe(path.state.value)
  }
})

test('the graph over all facts and events holds every transition of the job table', () => {
  const missing = new Set(jobTable.transitions.map((way) => way.index))
  const events = [...plainEvents, ...namingEvents]
  for (const facts of [...everyFacts(0).slice(-1), plainFacts, handled, retried]) {
    const map = getAdjacencyMap(jobMachine, { input: facts, events, serializeState: stateText })
    for (const { state, event } of adjacencyMapToArray(map)) {
      const number = jobTable.event(event.type)
      const found = jobTable.step(jobTable.state(state.value), number, state.context, event)
      if (found !== null) missing.delete(found.index)
    }
  }
  expect([...missing].map((index) => describe(index))).toEqual([])
}, 60_000)

test('the attempt graph holds all states and every transition of the attempt table', () => {
  const map = getAdjacencyMap(attemptMachine, { events: attemptEvents })
  const missing = new Set(attemptTable.transitions.map((way) => way.index))
  const reached = new Set<string>()
  for (const { state, event } of adjacencyMapToArray(map)) {
    reached.add(state.value)
    const number = attemptTable.event(event.type)
    const found = attemptTable.step(attemptTable.state(state.value), number, attemptContext, event)
    if (found !== null) missing.delete(found.index)
  }
  expect([...reached].sort()).toEqual([...attemptStates].sort())
  expect([...missing]).toEqual([])
})

/** Paths begin with an event of XState's own, which no table hears. */
function isJobEvent(event: { readonly type: string }): event is JobEvent {
  return jobTable.findEvent(event.type) !== undefined
}

function describe(index: number): string {
  const way = jobTable.transitions[index]
  if (way === undefined) return String(index)
  return `${jobTable.states[way.from]} ${jobTable.events[way.event]} ${jobTable.states[way.target]}`
}
