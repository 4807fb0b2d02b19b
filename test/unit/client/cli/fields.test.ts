// A job's fields as people write them, and sweeps over them.
import { expect, test } from 'vitest'
import { jobFieldNames, readJobFields } from '../../../../client/cli/request/fields.ts'
import {
  combinations,
  jobOfSweep,
  parseSweep,
  splitTriple,
} from '../../../../client/cli/request/sweep.ts'
import { parseMemory } from '../../../../protocol/sizes.ts'

const caller = { env: { HOME: '/me', PATH: '/usr/bin' }, cwd: '/work' }
const read = (fields: Record<string, unknown>) => readJobFields(fields, caller)

test.each([
  [{ environ_vars: 'A=1:B=2' }, { environment: { A: '1', B: '2' } }],
  [{ env: { PATH: '/a:/b' } }, { environment: { PATH: '/a:/b' } }],
  [{ input_files: '*.dat x?' }, { inputFiles: ['*.dat', 'x?'] }],
  [{ inputFiles: ['a b'] }, { inputFiles: ['a b'] }],
  [{ 'wall-time-minutes': '1h30m' }, { wallTimeMinutes: 90 }],
  [{ wall_time: 5 }, { wallTimeMinutes: 5 }],
  [{ memory: '64G', gpus: 0.5 }, { resources: { memoryMiB: 65_536, gpus: 0.5 } }],
  [{ parents: '3,first' }, { parents: [3, 'first'] }],
  [{ parents: [7, '8', 'k'] }, { parents: [7, 8, 'k'] }],
  [{ post_error_handler: 'False' }, { postErrorHandler: false }],
  [{ wait_for_parents: true }, { waitForParents: true }],
  [{ tags: 'a=1,b=2' }, { tags: { a: '1', b: '2' } }],
  [{ data: '{"r": [1]}' }, { data: { r: [1] } }],
  [{ stdout: 'none' }, { output: { to: 'none' } }],
  [{ array: '1-10' }, { array: { first: 1, last: 10 } }],
  [{ retry_on: 'exit:3,signal' }, { retryOn: ['exit:3', 'signal'] }],
])('%j is read', (fields, job) => {
  expect(read(fields)).toEqual(job)
})

test.each([
  [{ nodes: 1 }, 'no such field'],
  [{ comand: ['x'] }, 'did you mean command'],
  [{ priority: 'high' }, 'not a number'],
  [{ command: 'echo x' }, 'not a list'],
  [{ post_error_handler: 'maybe' }, 'not true or false'],
  [{ data: [1] }, 'not a mapping'],
  [{ env: 'A' }, 'not NAME=VALUE'],
  [{ memory: 'much' }, 'is no size'],
])('%j is refused', (fields, said) => {
  expect(() => read(fields)).toThrow(said)
})

test('every field has a reader that refuses nonsense or takes text', () => {
  expect(jobFieldNames.length).toBeGreaterThan(40)
  for (const name of jobFieldNames) expect(() => read({ [name]: Symbol('x') })).toThrow(' is not ')
})

test.each([
  ['64G', 65_536],
  ['1.5GiB', 1_536],
  ['900M', 900],
  ['4096', 4_096],
  ['1T', 1_048_576],
  ['512K', 1],
])('%s of memory are %i MiB', (text, mebibytes) => {
  expect(parseMemory(text, 'memory')).toBe(mebibytes)
})

test('a sweep has every combination, the last parameter changing fastest', () => {
  const parameters = [parseSweep('alpha=0.1,0.2'), parseSweep('seed=1-5:2')]
  expect([...combinations(parameters)].map(({ alpha, seed }) => `${alpha} ${seed}`)).toEqual([
    '0.1 1',
    '0.1 3',
    '0.1 5',
    '0.2 1',
    '0.2 3',
    '0.2 5',
  ])
})

test('a sweep fills words, variables and the name, and keeps its values as data', () => {
  const job = {
    name: 'run-{alpha}',
    command: ['sim', '--a={alpha}', '{x}'],
    environment: { SEED: '{seed}' },
  }
  expect(jobOfSweep(job, { alpha: '0.1', seed: '7' }, 3)).toEqual({
    name: 'run-0.1',
    command: ['sim', '--a=0.1', '{x}'],
    environment: { SEED: '7' },
    data: { alpha: '0.1', seed: '7' },
  })
  expect(jobOfSweep({ name: 'run' }, { a: '1' }, 3).name).toBe('run-3')
})

test('::: separates a command from its parameters', () => {
  expect(splitTriple(['cmd', '{1}', ':::', 'a', 'b', ':::', '1'])).toEqual({
    command: ['cmd', '{1}'],
    parameters: [
      { name: '1', values: ['a', 'b'] },
      { name: '2', values: ['1'] },
    ],
  })
  expect(() => splitTriple(['cmd', ':::'])).toThrow('no value')
})

test.each(['alpha', '=1', 'a=', 'a=3-1', '1a=2'])('--sweep %s is refused', (text) => {
  expect(() => parseSweep(text)).toThrow('--sweep')
})
