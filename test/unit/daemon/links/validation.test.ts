// What a user may say about jobs and apps, and how the rest is refused.
import { expect, test } from 'vitest'
import { Fault } from '../../../../protocol/faults.ts'
import { limits } from '../../../../protocol/limits.ts'
import { checkAppSpec } from '../../../../protocol/validation/app.ts'
import { checkJobRequest } from '../../../../protocol/validation/job-request.ts'
import { nameProblem } from '../../../../protocol/validation/names.ts'
import { checkJobQuery } from '../../../../protocol/validation/query.ts'
import { checkAllocation, checkKill } from '../../../../protocol/validation/requests.ts'

function codeOf(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    if (error instanceof Fault) return error.code
    throw error
  }
  return 'none'
}

const plain = { name: 'a', command: ['true'] }

test.each(['a', 'hi1', 'my job', 'A.b_c+d@e=f-1', 'x'.repeat(128), '...', '0'])(
  'the name %j may be used',
  (name) => {
    expect(nameProblem(name)).toBeNull()
  },
)

test.each([
  '',
  '.',
  '..',
  '-x',
  'a/b',
  'a\nb',
  'a\tb',
  'a\0',
  ' a',
  'a ',
  'ä',
  'a;b',
  '$(x)',
  'x'.repeat(129),
  '\u001b[2J',
  'a\u2028b',
])('the name %j is refused', (name) => {
  expect(nameProblem(name)).not.toBeNull()
  expect(codeOf(() => checkJobRequest({ ...plain, name }))).toBe('BAD_NAME')
})

test('a long name costs no time', () => {
  const name = `${'a '.repeat(500_000)}/`
  const before = performance.now()
  expect(codeOf(() => checkJobRequest({ ...plain, name }))).toBe('BAD_NAME')
  expect(performance.now() - before).toBeLessThan(100)
})

test.each([
  [{ name: 'a' }, 'NO_COMMAND'],
  [{ name: 'a', command: [] }, 'NO_COMMAND'],
  [{ name: 'a', command: [''] }, 'NO_COMMAND'],
  [{ name: 'a', command: ['a'], application: 'b' }, 'BAD_FIELD'],
  [{ name: 'a', command: ['a'], args: 'b' }, 'BAD_FIELD'],
  [{ ...plain, command: ['a', 'b\0c'] }, 'NUL_IN_ARGS'],
  [{ name: 'a', application: 'b', args: 'x\0' }, 'NUL_IN_ARGS'],
  [{ name: 'a', application: 'b', args: 'x'.repeat(1_000_000) }, 'ARGS_TOO_LONG'],
  [{ ...plain, command: ['a', 'ä'.repeat(limits.argsBytesMax / 2)] }, 'ARGS_TOO_LONG'],
  [{ ...plain, environment: { A: 'x'.repeat(limits.environmentBytesMax) } }, 'ARGS_TOO_LONG'],
  [{ ...plain, environment: { 'A=B': '' } }, 'BAD_FIELD'],
  [{ ...plain, environment: { '': '' } }, 'BAD_FIELD'],
  [{ ...plain, environment: { A: '\0' } }, 'NUL_IN_ARGS'],
  [{ ...plain, command: ['\ud800'] }, 'BAD_FIELD'],
  [{ ...plain, cwd: 'here' }, 'BAD_FIELD'],
  [{ ...plain, output: { to: 'file', file: 'x.out' } }, 'BAD_FIELD'],
  [{ ...plain, output: { to: 'nowhere' } }, 'BAD_FIELD'],
  [{ ...plain, array: { first: 5, last: 4 } }, 'BAD_FIELD'],
  [{ ...plain, array: { first: 0, last: limits.submissionJobsMax } }, 'TOO_MANY'],
  [{ ...plain, resources: { cpus: 0 } }, 'BAD_FIELD'],
  [{ ...plain, resources: { cpus: 1.5 } }, 'BAD_FIELD'],
  [{ ...plain, priority: '1' }, 'BAD_FIELD'],
  [{ ...plain, maxRetries: -1 }, 'BAD_FIELD'],
  [{ ...plain, wallTimeMinutes: Number.POSITIVE_INFINITY }, 'BAD_FIELD'],
  [{ ...plain, workflow: 'a/b' }, 'BAD_NAME'],
  [{ ...plain, nmae: 'b' }, 'BAD_FIELD'],
  [[], 'BAD_FIELD'],
  [null, 'BAD_FIELD'],
])('the job %.80j is refused with %s', (job, code) => {
  expect(codeOf(() => checkJobRequest(job))).toBe(code)
})

test('a fault names the field, however deep it lies', () => {
  const act = () => checkJobRequest({ ...plain, resources: { cpus: 'all' } })
  expect(act).toThrow(/^resources\.cpus: /)
})

test('an environment can not reach into prototypes', () => {
  const text = '{"name":"a","command":["true"],"environment":{"__proto__":"x","A":"b"}}'
  const value: unknown = JSON.parse(text)
  codeOf(() => checkJobRequest(value))
  expect(Object.keys(Object.prototype)).toEqual([])
  expect(Object.getPrototypeOf({})).toBe(Object.prototype)
})

test.each([
  [{ name: 'a', executable: ' ' }, 'EMPTY_EXECUTABLE'],
  [{ name: 'a\nb', executable: 'x' }, 'BAD_NAME'],
  [{ name: 'a', executable: 'x\0y' }, 'NUL_IN_ARGS'],
  [{ name: 'a', executable: 'x'.repeat(1_000_000) }, 'ARGS_TOO_LONG'],
])('the app %.60j is refused with %s', (app, code) => {
  expect(codeOf(() => checkAppSpec(app))).toBe(code)
})

test.each([
  { project: '--help', wallTimeMinutes: 5 },
  { queue: 'a\nb', wallTimeMinutes: 5 },
  { nodes: 0, wallTimeMinutes: 5 },
  { wallTimeMinutes: 0 },
  { wallTimeMinutes: 5, jobMode: 'other' },
])('the allocation %j is refused', (request) => {
  expect(codeOf(() => checkAllocation(request))).toBe('BAD_FIELD')
})

test('a filter without a condition is whole, and a query may have no filter at all', () => {
  expect(checkKill({ filter: { ids: [1] } })).toEqual({ filter: { ids: [1] } })
  expect(checkJobQuery({ filter: {} })).toEqual({ filter: {} })
  expect(checkJobQuery({})).toEqual({})
})
