// What becomes of a template: words, directory, output and environment of one task.
import { describe, expect, test } from 'vitest'
import { makeExpander } from '../../../../../client/launcher/task/expand.ts'
import type { TaskTemplate } from '../../../../../protocol/frames.ts'

const template: TaskTemplate = {
  templateId: 1,
  name: 'hi',
  argv: ['echo', 'hello'],
  environment: {},
  envscript: '',
  cpus: 1,
  arrayOffset: null,
  workdirRoot: '/site/data/test',
  cwd: '/people/me',
  output: 'workdir',
}
const expand = makeExpander('site', 7)

describe('words', () => {
  test('an array element finds its index in its words, and nothing else is replaced', () => {
    const argv = ['run{i}', '--id={id}', '{name}', '{other}']
    const task = expand({ ...template, argv, arrayOffset: 100 }, 103, 9, 1)
    expect(task.argv).toEqual(['run3', '--id={id}', '{name}', '{other}'])
  })

  test('index, id and name are filled into the path of an output file, each once', () => {
    const output = { file: '/out/{name}/{id}-{i}.txt' }
    const task = expand({ ...template, name: '{id}', output, arrayOffset: 100 }, 103, 9, 1)
    expect(task.stdout).toBe('/out/{id}-3/103-3.txt')
  })

  test('a single job has no index: {i} stays as it is', () => {
    expect(expand({ ...template, argv: ['{i}'] }, 103, 9, 1).argv).toEqual(['{i}'])
  })
})

describe('directory and output', () => {
  test('a job with a working directory runs in NAME_ID and writes NAME.out there', () => {
    expect(expand({ ...template, arrayOffset: 100 }, 103, 9, 1)).toMatchObject({
      cwd: '/site/data/test/hi-3_103',
      makeCwd: true,
      stdout: '/site/data/test/hi-3_103/hi-3.out',
      stderr: 'stdout',
      append: false,
    })
  })

  test('a space in the name is an underscore in the directory', () => {
    expect(expand({ ...template, name: 'a b' }, 5, 9, 1).cwd).toBe('/site/data/test/a_b_5')
  })

  test('a job that keeps nothing runs in the submitter’s directory and makes none', () => {
    expect(expand({ ...template, workdirRoot: null, output: null }, 103, 9, 1)).toMatchObject({
      cwd: '/people/me',
      makeCwd: false,
      stdout: null,
      stderr: null,
    })
  })

  test('an output file of its own is replaced; one shared by an array is appended to', () => {
    const own = { ...template, arrayOffset: 100, output: { file: '/o/{i}.txt' } }
    expect(expand(own, 103, 9, 1)).toMatchObject({ stdout: '/o/3.txt', append: false })
    expect(expand(own, 103, 9, 1).earlier).toBeUndefined()
    expect(expand(own, 103, 9, 3).earlier).toBe(2)
    const shared = { ...template, arrayOffset: 100, output: { file: '/o/all.txt' } }
    expect(expand(shared, 103, 9, 1)).toMatchObject({ stdout: '/o/all.txt', append: true })
  })
})

describe('environment', () => {
  test('a task knows its job, its token and its marker, whatever the job sets', () => {
    const environment = { A: 'b', BALSAM_JOB_ID: 'x', BALSAM_TASK_MARKER: 'x' }
    expect(expand({ ...template, environment }, 103, 9, 1).env).toEqual({
      A: 'b',
      BALSAM_JOB_ID: '103',
      BALSAM_TASK_TOKEN: '9',
      BALSAM_TASK_CPUS: '1',
      BALSAM_TASK_MARKER: 'site:7:9',
    })
  })

  test('an environment script is passed on, none is null', () => {
    expect(expand(template, 1, 2, 1).envscript).toBeNull()
    expect(expand({ ...template, envscript: '/e.sh' }, 1, 2, 1).envscript).toBe('/e.sh')
  })
})
