// The faults hit what they are meant to hit.
import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { killNow } from '../../support/processes.ts'
import type { World } from '../../support/site.ts'
import { makeWorld } from '../../support/site.ts'
import { until } from '../../support/until.ts'
import { everythingOf, pidsOf } from './faults.ts'

let world: World
beforeEach(async () => {
  world = await makeWorld()
})
afterEach(() => world.close())

test('a fork that had not executed when it was seen is not taken for the spawner', async () => {
  const site = await world.makeSite()
  const program = join(site.path, 'dist/spawner.js')
  mkdirSync(join(site.path, 'dist'))
  // A subshell is such a fork, until its line comes.
  writeFileSync(program, '(read -r line; exec sleep 60) <&0 & wait\n')
  const parent = spawn('bash', [program], { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
  await until('the shell has forked', () => site.seen().length === 2)
  const seen = [...site.seen()].reverse()
  const looks = { seen: () => seen, path: site.path }
  expect(pidsOf(looks, 'spawner')).toEqual([parent.pid])
  expect(everythingOf(looks)[0]).toBe(parent.pid)
  parent.stdin.write('now\n')
  await until('the fork has executed its command', () => site.seen().length === 1)
  expect(pidsOf(looks, 'spawner')).toEqual([parent.pid])
  expect(everythingOf(looks)[0]).toBe(parent.pid)
  for (const { pid } of seen) killNow(pid)
})
