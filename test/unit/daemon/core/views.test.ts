// What users are shown of a job: names, history, attempts, output, from rows and specs.
import { expect, test } from 'vitest'
import {
  attemptsOf,
  detailOf,
  isoOf,
  itemOf,
  type ViewSite,
} from '../../../../daemon/core/views.ts'
import type { JobRow } from '../../../../daemon/store/rows.ts'
import type { ListedJob } from '../../../../daemon/store/store.ts'
import type { JobRequest } from '../../../../protocol/job.ts'
import { array, request } from './site.ts'

const site: ViewSite = {
  siteDirectory: '/site',
  app: (name) =>
    name === 'Hello'
      ? {
          name,
          executable: 'echo "hello,"',
          description: '',
          envscript: '',
          environment: { A: 'app', B: 'app' },
        }
      : undefined,
  nodeOf: (launcher) => `node${launcher}`,
}

function listed(asked: JobRequest, row: Partial<JobRow> = {}): ListedJob & { body: string } {
  const id = row.id ?? 12
  return {
    id,
    spec: {
      lo: 10,
      hi: 20,
      workflow: asked.workflow,
      name: asked.name,
      app: asked.application,
      arrayFirst: asked.array?.first ?? null,
    },
    row: {
      id,
      spec: 10,
      state: 4,
      attempts: 0,
      failures: 0,
      startedAt: null,
      endedAt: null,
      code: null,
      signal: null,
      log: '[[0,"ADMITTED"]]',
      ...row,
    },
    span: null,
    body: JSON.stringify(asked),
  }
}

test('an element of an array is named by its index', () => {
  expect(itemOf(listed(array(11))).name).toBe('a-3')
})

test('a job of a span shows the state of the span and no attempt', () => {
  const job = listed(array(11))
  const span = {
    lo: 10,
    hi: 20,
    spec: 10,
    state: 13,
    log: '[]',
    workflow: 'w',
    priority: 0,
    cpus: 1,
    packing: 1,
    wallMinutes: 1,
    facts: '{}',
  }
  expect(itemOf({ ...job, row: null, span })).toMatchObject({
    state: 'USER_KILLED',
    attempts: 0,
    return_code: null,
  })
})

test('the index of an element replaces {i} in its command', () => {
  const { argv, array_index } = detailOf(
    site,
    listed(array(11, { command: ['x', 'in{i}', '{i}'] })),
  )
  expect(argv).toEqual(['x', 'in3', '3'])
  expect(array_index).toBe(3)
})

test('{i} of a single job stays as it is, and so do {id} and {name} of any', () => {
  const command = ['x', '{i}', '{id}', '{name}']
  expect(detailOf(site, listed(request({ command }))).argv).toEqual(command)
  expect(detailOf(site, listed(array(11, { command }))).argv).toEqual(['x', '3', '{id}', '{name}'])
})

test('an app and its args are split by quoting into one command', () => {
  const asked = request({ application: 'Hello', command: null, args: `'big world' 1` })
  expect(detailOf(site, listed(asked)).argv).toEqual(['echo', 'hello,', 'big world', '1'])
})

test('variables of the job win over those of its app', () => {
  const asked = request({ application: 'Hello', command: null, environment: { B: 'job' } })
  expect(detailOf(site, listed(asked)).environment).toEqual({ A: 'app', B: 'job' })
})

test('output in a working directory lies in <name>_<id> of the workflow', () => {
  const asked = request({ name: 'my job', workflow: 'my flow', output: { to: 'workdir' } })
  expect(detailOf(site, listed(asked))).toMatchObject({
    working_directory: '/site/data/my_flow/my_job_12',
    output_file: '/site/data/my_flow/my_job_12/my job.out',
  })
})

test('an output file is named by id, name and index', () => {
  const output = { to: 'file', file: '/tmp/{name}.{id}.{i}' } as const
  expect(detailOf(site, listed(array(11, { output }))).output_file).toBe('/tmp/a-3.12.3')
})

test('a job without output has no output file and runs where it was submitted', () => {
  const detail = detailOf(site, listed(request({ cwd: '/home' })))
  expect(detail).toMatchObject({ output_file: null, working_directory: '/home' })
})

test('the history holds every state that the machine went through', () => {
  const log = [
    [0, 'ADMITTED'],
    [1_000, 'LEASED', 5, 2],
    [2_000, 'ATTEMPT_STARTED'],
    [3_000, 'ATTEMPT_FAILED', 1, 0, 1_000, 0, 0, 0, 0, ''],
  ]
  const { history } = detailOf(site, listed(request(), { log: JSON.stringify(log) }))
  expect(history.map(({ state }) => state)).toEqual([
    'CREATED',
    'READY',
    'STAGED_IN',
    'PREPROCESSED',
    'RUNNING',
    'RUN_ERROR',
    'FAILED',
  ])
  expect(history.at(-1)?.at).toBe('1970-01-01T00:00:03.000Z')
})

test('an attempt shows its node, its times and what it used', () => {
  const [attempt] = attemptsOf(site, [
    [1_000, 'LEASED', 5, 2],
    [2_000, 'ATTEMPT_STARTED'],
    [3_000, 'ATTEMPT_SUCCEEDED', 0, 0, 1_000, 500, 250, 4_096, 0, ''],
  ])
  expect(attempt).toEqual({
    attempt: 1,
    spec_version: 1,
    token: 5,
    launcher: 2,
    node: 'node2',
    outcome: 'succeeded',
    started_at: '1970-01-01T00:00:02.000Z',
    ended_at: '1970-01-01T00:00:03.000Z',
    return_code: 0,
    signal: null,
    reason: '',
    wall_s: 1,
    user_s: 0.5,
    system_s: 0.25,
    max_rss_kib: 4_096,
    is_rss_below: false,
  })
})

test('a signal stands in place of a return code, and a negative size is a bound', () => {
  const [attempt] = attemptsOf(site, [
    [1_000, 'LEASED', 5, 2],
    [3_000, 'ATTEMPT_KILLED', -1, 15, 1_000, 0, 0, -2_048, 0, 'why'],
  ])
  expect(attempt).toMatchObject({
    outcome: 'killed',
    return_code: null,
    signal: 15,
    max_rss_kib: 2_048,
    is_rss_below: true,
    reason: 'why',
  })
})

test('a lease that was given back is no attempt', () => {
  const attempts = attemptsOf(site, [
    [1_000, 'LEASED', 5, 2],
    [2_000, 'WITHDRAWN', 'given back'],
    [3_000, 'LEASED', 6, 2],
  ])
  expect(attempts).toMatchObject([{ attempt: 1, token: 6, outcome: 'leased' }])
})

test('a time that there is not is null', () => {
  expect(isoOf(null)).toBeNull()
  expect(isoOf(0)).toBe('1970-01-01T00:00:00.000Z')
})

test('the history of a job that a task submitted begins with whose it was', () => {
  const log = JSON.stringify([[1_000, 'ADMITTED']])
  const { history } = detailOf(site, listed({ ...request(), spawnedBy: 7 }, { log }))
  expect(history.map(({ message }) => message)).toEqual(['spawned by job 7', '', '', ''])
})
