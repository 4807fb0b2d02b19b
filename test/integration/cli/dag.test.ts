// Dependencies on the command line: dep, --parents, trees and recursive kills. No launcher runs.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeWorld, type World } from '../../support/command-line.ts'

let world: World
beforeAll(async () => {
  world = await makeWorld()
})
afterAll(() => world.close())

async function add(name: string, ...more: string[]): Promise<string> {
  const { out } = await world.balsam('submit', '--name', name, ...more, '--', 'true')
  return out.trim()
}

test('dep makes a job wait, once, and refuses a cycle with its way', async () => {
  const [one, other] = [await add('one'), await add('other')]
  expect((await world.balsam('dep', 'one', 'other')).err).toContain(
    `made the link one (${one}) --> other (${other})`,
  )
  expect((await world.balsam('ls', '--name', 'other')).out).toContain('AWAITING_PARENTS')
  expect((await world.balsam('dep', 'one', 'other')).err).toContain('there already is')
  const cycle = await world.balsam('dep', 'other', 'one')
  expect([cycle.code, cycle.err]).toEqual([
    2,
    expect.stringContaining(`${one} → ${other} → ${one}`),
  ])
  expect((await world.balsam('dep', 'one', 'nobody')).err).toContain('[JOB_UNKNOWN]')
})

test('a tree shows jobs below their parents, and a second parent only names them', async () => {
  await add('top', '--workflow', 'tree')
  await add('left', '--workflow', 'tree', '--parents', 'top')
  await add('right', '--workflow', 'tree', '--parents', 'top')
  await add('bottom', '--workflow', 'tree', '--parents', 'left,right')
  const { out } = await world.balsam('ls', '--workflow', 'tree', '--tree')
  expect(out.replaceAll(/ \[\d+\]/g, '')).toBe(`top PREPROCESSED
  left AWAITING_PARENTS
    bottom AWAITING_PARENTS
  right AWAITING_PARENTS
    bottom AWAITING_PARENTS (see above)
`)
  const byWorkflow = await world.balsam('ls', 'wf', '--workflow', 'tree', '--tree')
  expect(byWorkflow.out).toMatch(/^tree\ntop /)
})

test('a recursive kill takes along everything that waits', async () => {
  await add('root', '--workflow', 'kin')
  await add('child', '--workflow', 'kin', '--parents', 'root')
  await add('grandchild', '--workflow', 'kin', '--parents', 'child')
  expect((await world.balsam('kill', 'root', '--recursive')).err).toContain('3 killed')
})

test('show names parents and children', async () => {
  await add('mother', '--workflow', 'shown')
  const id = await add('daughter', '--workflow', 'shown', '--parents', 'mother')
  expect((await world.balsam('show', 'mother')).out).toMatch(new RegExp(`children +${id}\n`))
  expect((await world.balsam('show', 'daughter')).out).toMatch(/parents +\d+\n/)
})
