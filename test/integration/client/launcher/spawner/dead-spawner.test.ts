// What a launcher sends while it hears of the tasks of a dead spawner belongs to the next spawner.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Task } from '../../../../../client/launcher/spawner/messages.ts'
import { makeSpawnerPool } from '../../../../../client/launcher/spawner/pool.ts'
import { taskMarkerVariable } from '../../../../../protocol/allocation-file.ts'
import { quietLog } from '../../../../unit/client/launcher/spawner/fakes.ts'
import { clock, scratch, spawnerPath, until } from './harness.ts'

test('a task given back by a dead spawner is started by the next when sent at once', async () => {
  const directory = scratch()
  const marker = `dead-${process.pid}:1:`
  const program = join(directory, 'dies-once.mjs')
  // The first dies before it has read a command, as one that is killed while it boots.
  writeFileSync(
    program,
    `import { existsSync, writeFileSync } from 'node:fs'
     const sign = ${JSON.stringify(join(directory, 'sign'))}
     if (!existsSync(sign)) {
       writeFileSync(sign, '')
       process.kill(process.pid, 'SIGKILL')
     }
     await import(${JSON.stringify(spawnerPath)})`,
  )
  const fates: string[] = []
  const pool = makeSpawnerPool({
    count: 1,
    kind: 'auto',
    journalDir: directory,
    nodePath: process.execPath,
    spawnerPath: program,
    marker,
    openFilesSoft: null,
    clock,
    log: quietLog,
    onStarted: () => undefined,
    onExited: (exits) => fates.push(...exits.map(({ code }) => `exit ${code}`)),
    onWithdrawn(tokens) {
      fates.push('withdrawn')
      pool.start(tokens.map(task))
    },
    onSpawnerLost: () => fates.push('lost'),
  })
  const envId = pool.baseEnv({ PATH: process.env['PATH'] ?? '' })
  const task = (token: number): Task => ({
    token,
    lane: 0,
    argv: ['true'],
    cwd: directory,
    makeCwd: false,
    envId,
    env: { [taskMarkerVariable]: marker + token },
    stdout: null,
    stderr: null,
    append: false,
    cpus: null,
    envscript: null,
  })
  pool.start([task(1)])
  await until('the task has ended', () => fates.length > 1, 10_000)
  expect(fates).toEqual(['withdrawn', 'exit 0'])
  pool.ack([1])
  await pool.drain()
})
