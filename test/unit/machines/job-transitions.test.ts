// Every legal transition of Balsam 0.3, one row each: present in the job machine, and no other is.
import { expect, test } from 'vitest'
import type { JobEvent, JobFacts } from '../../../machines/job.ts'
import { jobTable } from '../../../machines/tables.ts'
import { endStates, type JobState, jobStates } from '../../../protocol/states.ts'
import { everyFacts, jobContext, namingEvents, plainEvents, plainFacts } from './cases.ts'

type Row = readonly [
  from: JobState,
  event: JobEvent['type'],
  to: JobState,
  facts?: Partial<JobFacts>,
  failures?: number,
]

const listed: readonly Row[] = [
  ['CREATED', 'ADMITTED', 'READY'],
  ['CREATED', 'PARENTS_ADDED', 'AWAITING_PARENTS'],
  ['READY', 'PARENTS_ADDED', 'AWAITING_PARENTS'],
  ['STAGED_IN', 'PARENTS_ADDED', 'AWAITING_PARENTS'],
  ['PREPROCESSED', 'PARENTS_ADDED', 'AWAITING_PARENTS'],
  ['RESTART_READY', 'PARENTS_ADDED', 'AWAITING_PARENTS'],
  ['AWAITING_PARENTS', 'PARENTS_FINISHED', 'READY'],
  ['AWAITING_PARENTS', 'PARENT_FAILED', 'FAILED'],
  ['READY', 'ADVANCE', 'STAGED_IN'],
  ['READY', 'STAGE_IN_DONE', 'STAGED_IN', { hasStageIn: true }],
  ['READY', 'STAGE_IN_FAILED', 'FAILED', { hasStageIn: true }],
  ['STAGED_IN', 'ADVANCE', 'PREPROCESSED'],
  ['STAGED_IN', 'PREPROCESS_DONE', 'PREPROCESSED', { hasPreprocess: true }],
  ['STAGED_IN', 'PREPROCESS_FAILED', 'FAILED', { hasPreprocess: true }],
  ['PREPROCESSED', 'ATTEMPT_STARTED', 'RUNNING'],
  ['RESTART_READY', 'ATTEMPT_STARTED', 'RUNNING'],
  ['RUNNING', 'ATTEMPT_SUCCEEDED', 'RUN_DONE'],
  ['RUNNING', 'ATTEMPT_FAILED', 'RUN_ERROR'],
  ['RUNNING', 'ATTEMPT_FAILED_FOR_GOOD', 'RUN_ERROR'],
  ['RUNNING', 'ATTEMPT_TIMED_OUT', 'RUN_TIMEOUT'],
  ['RUNNING', 'ATTEMPT_LOST', 'RESTART_READY'],
  ['RUN_DONE', 'ADVANCE', 'POSTPROCESSED'],
  ['RUN_DONE', 'POSTPROCESS_DONE', 'POSTPROCESSED', { hasPostprocess: true }],
  ['RUN_DONE', 'POSTPROCESS_FAILED', 'FAILED', { hasPostprocess: true }],
  ['POSTPROCESSED', 'ADVANCE', 'JOB_FINISHED'],
  ['POSTPROCESSED', 'STAGE_OUT_DONE', 'JOB_FINISHED', { hasStageOut: true }],
  ['POSTPROCESSED', 'STAGE_OUT_FAILED', 'FAILED', { hasStageOut: true }],
  ['RUN_ERROR', 'ADVANCE', 'FAILED', {}, 1],
  ['RUN_ERROR', 'ADVANCE', 'RESTART_READY', { maxRetries: 1 }, 1],
  // A handler flag without a script is no handler.
  ['RUN_ERROR', 'ADVANCE', 'FAILED', { handlesError: true }, 1],
  ['RUN_ERROR', 'HANDLER_DONE', 'FAILED'],
  ['RUN_ERROR', 'HANDLER_FAILED', 'FAILED'],
  ['RUN_TIMEOUT', 'ADVANCE', 'RESTART_READY', { retriesTimeout: true }],
  ['RUN_TIMEOUT', 'ADVANCE', 'RESTART_READY', { retriesTimeout: true, handlesTimeout: true }],
  ['RUN_TIMEOUT', 'ADVANCE', 'FAILED'],
  ['RUN_TIMEOUT', 'ADVANCE', 'FAILED', { handlesTimeout: true }],
  ['RUN_TIMEOUT', 'HANDLER_DONE', 'FAILED'],
  ['RUN_TIMEOUT', 'HANDLER_FAILED', 'FAILED'],
]

/** What a handler's answer can do on top: it names any other state. */
const byHandler: readonly string[] = (['RUN_ERROR', 'RUN_TIMEOUT'] as const).flatMap((from) =>
  jobStates.filter((to) => to !== from).map((to) => `${from} HANDLER_DONE ${to}`),
)

const byUser = ['FORCE', 'KILL', 'RETRY']

function step(from: JobState, event: JobEvent, facts: Partial<JobFacts>, failures: number) {
  const context = jobContext(facts, 1, failures)
  return jobTable.step(jobTable.state(from), jobTable.event(event.type), context, event)
}

function eventOf(type: JobEvent['type'], to: JobState): JobEvent {
  if (type === 'FORCE') return { type, to }
  return type === 'HANDLER_DONE' ? { type, to: null } : { type }
}

for (const [from, type, to, facts = {}, failures = 0] of listed) {
  test(`${from} goes by ${type} to ${to}, facts ${Object.keys(facts).join(' ')}`, () => {
    const target = step(from, eventOf(type, to), facts, failures)?.target
    expect(target === undefined ? null : jobTable.states[target]).toBe(to)
  })
}

test('no move but the listed ones exists, apart from what a user or a handler asks for', () => {
  const allowed = new Set([
    ...listed.map(([from, event, to]) => `${from} ${event} ${to}`),
    ...byHandler,
  ])
  const moves = jobTable.transitions
    .filter((way) => way.isMove && !byUser.includes(jobTable.events[way.event] ?? ''))
    .map((way) =>
      [jobTable.states[way.from], jobTable.events[way.event], jobTable.states[way.target]].join(
        ' ',
      ),
    )
  expect([...new Set(moves)].sort()).toEqual([...allowed].sort())
})

test('a hook that exists is run, and the job rests until it has ended', () => {
  const cases: readonly (readonly [JobState, Partial<JobFacts>, string])[] = [
    ['READY', { hasStageIn: true }, 'stageIn'],
    ['STAGED_IN', { hasPreprocess: true }, 'runPreprocess'],
    ['RUN_DONE', { hasPostprocess: true }, 'runPostprocess'],
    ['POSTPROCESSED', { hasStageOut: true }, 'stageOut'],
    ['RUN_ERROR', { hasPostprocess: true, handlesError: true, maxRetries: 9 }, 'runHandler'],
    [
      'RUN_TIMEOUT',
      { hasPostprocess: true, handlesTimeout: true, retriesTimeout: true },
      'runHandler',
    ],
  ]
  for (const [state, facts, effect] of cases) {
    const found = step(state, { type: 'ADVANCE' }, facts, 1)
    expect([found?.isMove, found?.effects]).toEqual([false, [effect]])
  }
})

test('a handler brings the job to whatever other state it names', () => {
  for (const from of ['RUN_ERROR', 'RUN_TIMEOUT'] as const) {
    for (const to of jobStates) {
      const found = step(from, { type: 'HANDLER_DONE', to }, {}, 0)
      // Naming the state in which it is is naming none.
      const expected = to === from ? 'FAILED' : to
      expect(jobTable.states[found?.target ?? -1]).toBe(expected)
    }
  }
})

test('a user forces any state but USER_KILLED to any other one', () => {
  for (const from of jobStates) {
    for (const to of jobStates) {
      const target = step(from, { type: 'FORCE', to }, {}, 0)?.target
      const isAllowed = from !== to && from !== 'USER_KILLED'
      expect(target === undefined ? null : jobTable.states[target]).toBe(isAllowed ? to : null)
    }
  }
})

test('a kill ends every job that has not ended, and no other', () => {
  for (const from of jobStates) {
    const target = step(from, { type: 'KILL' }, {}, 0)?.target
    const hasEnded = endStates.includes(from)
    expect(target === undefined ? null : jobTable.states[target]).toBe(
      hasEnded ? null : 'USER_KILLED',
    )
  }
})

test('a retry brings what has run to RESTART_READY, what never ran to READY, if it ended', () => {
  for (const from of jobStates) {
    for (const [attempts, to] of [[1, 'RESTART_READY'] as const, [0, 'READY'] as const]) {
      const context = jobContext({}, attempts, 0)
      const number = jobTable.event('RETRY')
      const found = jobTable.step(jobTable.state(from), number, context, { type: 'RETRY' })
      const target = found === null ? null : jobTable.states[found.target]
      expect(target).toBe(endStates.includes(from) ? to : null)
    }
  }
})

test('after an end, nothing changes but the count of a lease that never ran', () => {
  const late = [...plainEvents, ...namingEvents].filter(
    ({ type }) => !['RETRY', 'FORCE', 'WITHDRAWN'].includes(type),
  )
  for (const end of endStates) {
    for (const event of late) expect(step(end, event, {}, 0)).toBeNull()
    const withdrawn = step(end, { type: 'WITHDRAWN' }, {}, 0)
    expect([withdrawn?.isMove, withdrawn?.effects]).toEqual([false, []])
  }
})

test('ADVANCE says what to do in every state but RUNNING and the ends, whatever the facts', () => {
  const quiet = jobStates.filter((state) =>
    everyFacts(0).some(
      (facts) => step(state, { type: 'ADVANCE' }, { ...plainFacts, ...facts }, 1) === null,
    ),
  )
  expect(quiet).toEqual(['RUNNING', 'JOB_FINISHED', 'FAILED', 'USER_KILLED'])
})
