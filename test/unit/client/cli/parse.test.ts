// Parsing: flags of Balsam 0.3 with their abbreviations; commander's errors become faults.
import { expect, test } from 'vitest'
import { commandOf, parseWords } from '../../../../client/cli/parse.ts'
import type { Parsed, Verb } from '../../../../client/cli/verb.ts'
import { app } from '../../../../client/cli/verbs/app.ts'
import { job } from '../../../../client/cli/verbs/job.ts'
import { ls } from '../../../../client/cli/verbs/ls.ts'
import { submit } from '../../../../client/cli/verbs/submit.ts'
import { verbs } from '../../../../client/cli/verbs.ts'

function parse(verb: Verb, ...words: string[]): Parsed {
  const command = commandOf('balsam', 'verb', 'do it', verb)
  const result = parseWords(command, words, verb.takesCommand === true)
  if ('parsed' in result) return result.parsed
  throw new Error(result.help)
}

test('the job of the example parses', () => {
  const words = ['--name', 'hi1', '--workflow', 'test', '--application', 'SayHello']
  const { options } = parse(job, ...words, '--args', 'world 1')
  expect(options).toMatchObject({ name: 'hi1', workflow: 'test', args: ['world 1'] })
})

test('flags may be shortened where no other begins so', () => {
  const { options } = parse(job, '--nam', 'a', '--appl', 'B', '--desc', 'x', 'y', '--workf=w')
  expect(options).toMatchObject({ name: 'a', application: 'B', workflow: 'w' })
  expect(options['description']).toEqual(['x', 'y'])
})

test('the value of a flag may look like a flag', () => {
  const { options } = parse(job, '--name', 'a', '--application', 'B', '--args', '--nam 1')
  expect(options['args']).toEqual(['--nam 1'])
})

test('both names of a flag that has two work', () => {
  expect(parse(ls, '--workflow', 'a').options['wf']).toBe('a')
  expect(parse(ls, '--wf', 'a').options['wf']).toBe('a')
  expect(parse(ls, '--app', 'a').options['application']).toBe('a')
})

test('the words of a command are left alone, with and without --', () => {
  const words = ['sh', '-c', 'echo $1', '--nam', '--', 'x']
  expect(parse(submit, '--name', 'j', '--', ...words).args).toEqual(words)
  expect(parse(submit, '--nam', 'j', ...words).args).toEqual(words)
})

test('an unknown flag is a fault that names the verb’s help', () => {
  expect(() => parse(ls, '--workflwo', 'a')).toThrow(
    expect.objectContaining({ code: 'BAD_FLAG', advice: 'see balsam verb --help' }),
  )
  expect(() => parse(ls, '--workflwo', 'a')).toThrow(/unknown option.*did you mean --workflow/)
})

test('a missing flag is a fault', () => {
  expect(() => parse(app, '--name', 'a')).toThrow(/required option '--executable/)
})

test('a superfluous word is a fault', () => {
  expect(() => parse(ls, 'jobs', 'more')).toThrow(/too many arguments/)
})

test('every verb explains itself', async () => {
  expect(verbs.length).toBeGreaterThan(10)
  for (const entry of verbs) {
    const command = commandOf('balsam', entry.name, entry.summary, await entry.load())
    const result = parseWords(command, ['--help'], false)
    expect('help' in result ? result.help : '').toContain(`Usage: balsam ${entry.name}`)
  }
})
