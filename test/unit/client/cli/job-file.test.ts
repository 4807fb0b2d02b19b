// Job files: what becomes of their records, and where errors are said to be.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openJobFile } from '../../../../client/cli/job-file/jobs.ts'
import { formatOf, type JobFileFormat } from '../../../../client/cli/job-file/read.ts'
import { fault } from '../../../../protocol/faults.ts'
import type { JobInput } from '../../../../protocol/job.ts'

const caller = { env: { HOME: '/me', PATH: '/usr/bin' }, cwd: '/work' }

function opened(text: string, format: JobFileFormat) {
  const directory = mkdtempSync(join(tmpdir(), 'balsam-jobs-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const path = join(directory, 'jobs')
  writeFileSync(path, text)
  return openJobFile(path, format, null, caller)
}

async function jobsOf(text: string, format: JobFileFormat): Promise<JobInput[]> {
  const found: JobInput[] = []
  for await (const job of opened(text, format).jobs) found.push(job)
  return found
}

const two = [
  { name: 'a', workflow: 'w', application: 'say', args: 'world 1' },
  { name: 'b', workflow: 'w', application: null, command: ['echo', 'x'], priority: 3 },
]

test.for<readonly [JobFileFormat, string]>([
  [
    'yaml',
    `defaults: {workflow: w, application: say}
# a comment
jobs:
  - name: a
    args: world 1
  - name: b
    command:
      - echo
      - x
    priority: 3
`,
  ],
  [
    'toml',
    `[defaults]
workflow = "w"
application = "say"
[[jobs]]
name = "a"
args = "world 1"
[[jobs]]
name = "b"
command = ["echo", "x"]
priority = 3
`,
  ],
  [
    'json',
    `{"defaults": {"workflow": "w", "application": "say"},
      "jobs": [{"name": "a", "args": "world 1"},
        {"name": "b", "command": ["echo", "x"], "priority": 3}]}`,
  ],
  [
    'jsonl',
    `{"name":"a","workflow":"w","application":"say","args":"world 1"}

{"name":"b","workflow":"w","command":["echo","x"],"priority":3}`,
  ],
])('a job file in %s gives its jobs with the defaults filled in', async ([format, text]) => {
  expect(await jobsOf(text, format)).toEqual(two)
})

test('a YAML list at the top, of flow or block style, needs no jobs key', async () => {
  expect(await jobsOf('- {name: a, command: [x]}\n-\n  name: b\n  command: [y]\n', 'yaml')).toEqual(
    [
      { name: 'a', application: null, command: ['x'] },
      { name: 'b', application: null, command: ['y'] },
    ],
  )
  expect(await jobsOf('[{name: a, command: [x]}]', 'yaml')).toHaveLength(1)
})

test('a long YAML list is parsed in pieces, and dashes inside a job stay there', async () => {
  const item = (n: number): string =>
    `  - name: n${n}\n    description: |\n      - not an item\n    command: [echo, ${n}]\n`
  const count = 3_000
  const text = `jobs:\n${Array.from({ length: count }, (_, n) => item(n)).join('')}`
  const jobs = await jobsOf(text, 'yaml')
  expect(jobs).toHaveLength(count)
  expect(jobs.at(-1)).toMatchObject({ name: 'n2999', command: ['echo', '2999'] })
})

test('a job without a name is called as its key, its app or its command', async () => {
  const text = '{"key":"k","command":["x"]}\n{"application":"app"}\n{"command":["/bin/ls"]}'
  expect((await jobsOf(text, 'jsonl')).map(({ name }) => name)).toEqual(['k', 'app', 'ls'])
})

test.for<readonly [JobFileFormat, string, number, string]>([
  ['jsonl', '{"name":"a","command":["x"]}\n{oops', 2, 'BAD_JOB_FILE'],
  ['jsonl', '\n[1]', 2, 'BAD_JOB_FILE'],
  ['yaml', '- name: a\n  command: [x]\n- name: b\n  command: {\n', 4, 'BAD_JOB_FILE'],
  ['yaml', '- name: a\n  comand: [x]\n', 1, 'BAD_FIELD'],
  ['yaml', 'jobs:\n- name: a\n  priority: high\n', 2, 'BAD_FIELD'],
  ['yaml', 'jobz: []\n', 1, 'BAD_JOB_FILE'],
  ['toml', '[[jobs]]\nname = "a"\n[[jobs]]\nnodes = 3\n', 3, 'BAD_FIELD'],
  ['toml', '[[jobs]]\nname = \n', 2, 'BAD_JOB_FILE'],
])('an error in %s is told with its line: %s', async ([format, text, line, code]) => {
  await expect(jobsOf(text, format)).rejects.toMatchObject({ code, facts: { line } })
})

test('what the daemon refuses is told with the line of the file', async () => {
  const file = opened('\n\n{"name":"a","command":["x"]}\n\n{"name":"b","command":["x"]}\n', 'jsonl')
  for await (const _ of file.jobs);
  const refused = fault('BAD_FIELD', { field: 'x', what: 'y', line: 2 })
  expect(file.placed(refused)).toMatchObject({ code: 'BAD_FIELD', facts: { line: 5 } })
})

test('a file that is not there is a fault with its name', async () => {
  const { jobs } = openJobFile('/nowhere/x.yaml', 'yaml', null, caller)
  await expect(jobs.next()).rejects.toMatchObject({ code: 'BAD_JOB_FILE' })
})

test.each([
  ['a.yaml', 'yaml'],
  ['a.b.yml', 'yaml'],
  ['x/a.toml', 'toml'],
  ['a.json', 'json'],
  ['a.jsonl', 'jsonl'],
  ['-', 'jsonl'],
])('%s is read as %s', (path, format) => {
  expect(formatOf(path)).toBe(format)
})
