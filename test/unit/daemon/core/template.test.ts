// Templates: what launchers are told of a spec's tasks.
import { expect, test } from 'vitest'
import { jobName, type TemplateSite, templateOf } from '../../../../daemon/core/template.ts'
import type { JobRequest } from '../../../../protocol/job.ts'
import { array, request } from './site.ts'

const site: TemplateSite = {
  siteDirectory: '/site',
  app: (name) =>
    name === 'Hello'
      ? {
          name,
          executable: 'echo "hello,"',
          description: '',
          envscript: '/env.sh',
          environment: { A: 'app', BALSAM_WORKFLOW: 'app' },
        }
      : undefined,
}

function template(asked: JobRequest): ReturnType<typeof templateOf> {
  return templateOf(site, { lo: 10, hi: 20, request: asked }, 0.5)
}

test('a plain command is given to launchers as it is', () => {
  expect(template(request({ command: ['a b', '{i}'] }))).toMatchObject({
    templateId: 10,
    argv: ['a b', '{i}'],
    envscript: '',
    cpus: 0.5,
    arrayOffset: null,
  })
})

test('the index of an element follows from its id by one offset', () => {
  expect(template(array(5)).arrayOffset).toBe(9)
  expect(jobName(array(5), 10, 12)).toBe('a-3')
})

test('the envscript and the variables of the app come along', () => {
  const asked = request({ application: 'Hello', command: null, args: 'you' })
  expect(template(asked)).toMatchObject({
    argv: ['echo', 'hello,', 'you'],
    envscript: '/env.sh',
    environment: { A: 'app', BALSAM_WORKFLOW: 'w' },
  })
})

test('an app that is gone leaves nothing to run', () => {
  expect(template(request({ application: 'Gone', command: null, args: '' })).argv).toEqual([''])
})

test('a task writes where its request says', () => {
  expect(template(request({ output: { to: 'workdir' }, workflow: 'a b' }))).toMatchObject({
    output: 'workdir',
    workdirRoot: '/site/data/a_b',
  })
  expect(template(request({ output: { to: 'none' } }))).toMatchObject({
    output: null,
    workdirRoot: null,
  })
  expect(template(request({ output: { to: 'file', file: '/f' } }))).toMatchObject({
    output: { file: '/f' },
    workdirRoot: null,
  })
})
