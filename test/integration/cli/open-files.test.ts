// What a task may open: as many files as a program of the shell that asked for the launcher.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makeWorld, type World } from '../../support/command-line.ts'

let world: World
beforeEach(async () => {
  world = await makeWorld()
})
afterEach(() => world.close())

test.each([
  ['an allocation', 'balsam submit-launch -t 5 --cpus 1'],
  ['a launcher by hand', 'balsam launcher --cpus 1 --idle-exit 2s &'],
])('a task of %s has the soft limit of its shell, and knows nothing of it', async (_, start) => {
  const { out, code, err } = await world.bash(
    `ulimit -Sn 512; ${start}
    balsam submit --name n --wait -- sh -c 'ulimit -Sn; env | grep -c BALSAM_OPEN' >&2
    balsam wait n --no-fail; wait; balsam out n`,
  )
  expect({ code, err }).toMatchObject({ code: 0 })
  expect(out.trim().split('\n').slice(-2)).toEqual(['512', '0'])
})
