// Changing jobs and running them again, on the command line. No launcher runs.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeWorld, type World } from '../../support/command-line.ts'

let world: World
beforeAll(async () => {
  world = await makeWorld()
})
afterAll(() => world.close())

async function add(name: string): Promise<void> {
  await world.balsam('submit', '--name', name, '--', 'echo', 'one')
}

async function shown(name: string): Promise<Record<string, unknown>> {
  return JSON.parse((await world.balsam('show', name, '--json')).out) as Record<string, unknown>
}

test('modify changes one field as Balsam 0.3 did, or several with --set', async () => {
  await add('m')
  expect(await world.balsam('modify', 'm', 'priority', '7')).toMatchObject({ code: 0 })
  const sets = ['--set', 'tags=a=1,b=2', '--set', 'data={"r":[1]}', '--message', 'because']
  expect(await world.balsam('modify', 'm', ...sets)).toMatchObject({ code: 0 })
  expect(await shown('m')).toMatchObject({
    priority: 7,
    tags: { a: '1', b: '2' },
    data: { r: [1] },
  })
  expect((await world.balsam('show', 'm')).out).toContain('because')
})

test.each([
  [['m', 'comand', 'x'], 'did you mean command'],
  [['m', 'state', 'RUNING'], 'did you mean RUNNING'],
  [['m', 'parents', '3'], 'balsam dep'],
  [['m', 'priority', 'high'], 'not a number'],
  [['priority', '3'], 'which jobs'],
  [['m'], 'a field and its value are missing'],
])('modify %j is refused and changes nothing', async (words, said) => {
  const before = await world.balsam('ls', '--json')
  const { code, err } = await world.balsam('modify', ...words)
  expect([code, err]).toEqual([2, expect.stringContaining(said)])
  expect((await world.balsam('ls', '--json')).out).toBe(before.out)
})

test('a state that a job would not go to needs --force, and USER_KILLED is sticky', async () => {
  await add('s')
  const refused = await world.balsam('modify', 's', 'state', 'JOB_FINISHED')
  expect(refused.err).toContain('[STATE_REFUSED]')
  await world.balsam('modify', 's', 'state', 'JOB_FINISHED', '--force')
  expect(await shown('s')).toMatchObject({ state: 'JOB_FINISHED' })
  await add('k')
  await world.balsam('kill', 'k')
  const sticky = await world.balsam('modify', 'k', 'state', 'READY', '--force')
  expect(sticky.code).not.toBe(0)
  expect(await shown('k')).toMatchObject({ state: 'USER_KILLED' })
})

test('retry runs ended jobs again under their ids and counts why they had ended', async () => {
  await add('again')
  await world.balsam('kill', 'again')
  const dry = await world.balsam('retry', 'again', '--dry-run')
  expect(dry.err).toMatch(/1 × killed by the user\n.*1 would run again/)
  expect(await shown('again')).toMatchObject({ state: 'USER_KILLED' })
  expect((await world.balsam('retry', 'again')).err).toContain('1 to run again')
  expect(await shown('again')).toMatchObject({ state: 'PREPROCESSED' })
  expect((await world.balsam('retry')).err).toContain('which jobs?')
  expect((await world.balsam('retry', 'again', '--mem', 'big')).code).toBe(2)
})

test('modify apps changes an app in place', async () => {
  await world.balsam('app', '--name', 'A', '--executable', 'echo')
  await world.balsam('modify', 'apps', 'A', 'description', 'new words')
  expect((await world.balsam('ls', 'apps')).out).toContain('new words')
  expect((await world.balsam('modify', 'apps', 'B', 'description', 'x')).err).toContain(
    '[APP_UNKNOWN]',
  )
})
