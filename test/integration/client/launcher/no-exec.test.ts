// A supervisor and its launchers for tasks without processes, as real programs.
import { expect, test } from 'vitest'
import { readSupervisor } from '../../../../client/launcher/allocation.ts'
import { markedProcesses } from '../../../../client/launcher/machine/processes.ts'
import { frameKind } from '../../../../protocol/frames.ts'
import { assign, makeWorld, shellTemplate } from './support.ts'

const nodes = [
  { name: 'a', cpus: 8 },
  { name: 'b', cpus: 8 },
  { name: 'c', cpus: 8 },
]

test('all nodes of an allocation without processes say hello from one process', async () => {
  const world = await makeWorld({ isNoExec: true, nodes })
  const supervisor = world.supervise()
  const { daemon } = world
  await daemon.until('three hellos', () => daemon.hellos.length === 3)
  expect(new Set(daemon.hellos.map(({ hello }) => hello.pid)).size).toBe(1)
  expect(new Set(daemon.hellos.map(({ hello }) => hello.nodeIndex))).toEqual(new Set([0, 1, 2]))
  expect(readSupervisor(world.runDirectory).pid).toBe(supervisor.pid)
  for (const peer of daemon.hellos) peer.send([frameKind.drain, 1, 'stop', 0])
  expect(await supervisor.ended).toBe(0)
})

test('a task without a process has succeeded at once', async () => {
  const world = await makeWorld({ isNoExec: true })
  const supervisor = world.supervise()
  const { daemon } = world
  await daemon.until('hello', () => daemon.hellos.length === 1)
  assign(daemon.peer(), shellTemplate('false'), [1, 2, 3])
  await daemon.until('three exits', () => daemon.exits.length === 3)
  expect(daemon.exits.map(({ token, code }) => [token, code])).toEqual([
    [1, 0],
    [2, 0],
    [3, 0],
  ])
  daemon.peer().send([frameKind.drain, 1, 'finish', 0])
  expect(await supervisor.ended).toBe(0)
})

test('an idle launcher says goodbye, and its supervisor ends with nothing left', async () => {
  const world = await makeWorld({ isNoExec: true, idleExitMs: 50 })
  const supervisor = world.supervise()
  expect(await supervisor.ended).toBe(0)
  expect(world.daemon.frames.at(-1)).toEqual([frameKind.bye, 'idle'])
  expect(markedProcesses(world.marker)).toEqual([])
})

test('a launcher that is killed is started again and says hello as a new incarnation', async () => {
  const world = await makeWorld({ isNoExec: true })
  const supervisor = world.supervise()
  const { daemon } = world
  await daemon.until('hello', () => daemon.hellos.length === 1)
  process.kill(daemon.peer().hello.pid, 'SIGKILL')
  await daemon.until('second hello', () => daemon.hellos.length === 2)
  const [first, second] = daemon.hellos.map(({ hello }) => hello)
  expect(second?.incarnation).not.toBe(first?.incarnation)
  expect(second?.pid).not.toBe(first?.pid)
  supervisor.kill('SIGTERM')
  expect(await supervisor.ended).toBe(0)
})

test('SIGTERM to the supervisor makes the launchers say goodbye', async () => {
  const world = await makeWorld({ isNoExec: true, nodes })
  const supervisor = world.supervise()
  const { daemon } = world
  await daemon.until('three hellos', () => daemon.hellos.length === 3)
  supervisor.kill('SIGTERM')
  expect(await supervisor.ended).toBe(0)
  const byes = daemon.frames.filter((frame) => frame[0] === frameKind.bye)
  expect(byes).toEqual([
    [frameKind.bye, 'terminated'],
    [frameKind.bye, 'terminated'],
    [frameKind.bye, 'terminated'],
  ])
})

test('a launcher whose supervisor is killed ends', async () => {
  const world = await makeWorld({ isNoExec: true })
  const supervisor = world.supervise()
  const { daemon } = world
  await daemon.until('hello', () => daemon.hellos.length === 1)
  supervisor.kill('SIGKILL')
  await daemon.until('end of the link', () => !daemon.peer().isOpen())
  await expect.poll(() => markedProcesses(world.marker), { timeout: 20_000 }).toEqual([])
})

test('an allocation that cannot be read is given up, not tried for ever', async () => {
  const world = await makeWorld({ isNoExec: true, nodes: [] })
  const supervisor = world.supervise()
  expect(await supervisor.ended).toBe(1)
  expect(world.log()).toContain('supervisor failed')
})
