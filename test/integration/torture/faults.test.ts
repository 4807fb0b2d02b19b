// The faults hit what they are meant to hit.
import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { killNow } from '../../support/processes.ts'
import type { World } from '../../support/site.ts'
import { makeWorld } from '../../support/site.ts'
import { until } from '../../support/until.ts'
import { pidsOf } from './faults.ts'

let world: World
beforeEach(async () => {
  world = await makeWorld()
})
afterEach(() => world.close())

test('a fork that has not executed its command yet is not taken for the spawner', async () => {
  const site = await world.makeSite()
  const program = join(site.path, 'dist/spawner.js')
  mkdirSync(join(site.path, 'dist'))
  // A subshell is such a fork, and stays one.
  writeFileSync(program, '(sleep 60; :)\n')
  const parent = spawn('bash', [program], { stdio: 'ignore', detached: true })
  const forks = (): number[] => site.seen().map(({ pid }) => pid)
  await until('the shell has forked', () => forks().length === 2)
  expect(pidsOf(site, 'spawner')).toEqual([parent.pid])
  for (const pid of forks()) killNow(pid)
})
