// Python calls through the deaths of those that run them: launcher, spawner, worker.
// Real processes; each death is a SIGKILL.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { markedProcesses } from '../../../client/launcher/machine/processes.ts'
import { exitReasons } from '../../../protocol/exit-reasons.ts'
import type { World } from '../client/launcher/support.ts'
import { assign, makeWorld, shellTemplate } from '../client/launcher/support.ts'
import { python, whyNoPython } from './support.ts'

const functions = join(import.meta.dirname, 'cases')
const eventually = <T>(look: () => T) => expect.poll(look, { timeout: 20_000, interval: 20 })

/** A launcher that has said hello, and the template of a call that waits until `go` is there. */
async function started() {
  const world = await makeWorld()
  const context = join(world.directory, 'context')
  mkdirSync(context)
  writeFileSync(join(context, 'context.json'), JSON.stringify({ path: [functions] }))
  const [began, go] = [join(world.directory, 'began'), join(world.directory, 'go')]
  // Arguments are pickled; protocol 0 is text.
  const pickled = `((V${began}\nV${go}\nt(dt.`
  const payload = JSON.stringify({
    function: 'functions:touch_and_wait',
    arguments: Buffer.from(pickled).toString('base64'),
  })
  const resultFile = join(context, 'one.result')
  const call = { interpreter: python ?? '', payload, context, resultFile }
  const supervisor = world.supervise()
  await world.daemon.until('hello', () => world.daemon.hellos.length === 1)
  assign(world.daemon.peer(), shellTemplate('', { python: call }), [1])
  await eventually(() => existsSync(began)).toBe(true)
  const worker = Number(readFileSync(began, 'utf8'))
  return { world, supervisor, daemon: world.daemon, go, worker, resultFile }
}

function pidOf(world: World, isMeant: (command: string) => boolean): number {
  const found = markedProcesses(world.marker).filter(({ pid }) =>
    isMeant(readFileSync(`/proc/${pid}/cmdline`, 'utf8')),
  )
  if (found[0] === undefined) throw new Error('there is no such process')
  return found[0].pid
}

const isAlive = (pid: number) => existsSync(`/proc/${pid}/environ`)

// Python is a client's language, not a part of the product: a machine may be without it.
describe.skipIf(whyNoPython !== null)('a Python call', () => {
  test('outlives its launcher, and its end is told once by the next', async () => {
    const { world, daemon, supervisor, go, worker, resultFile } = await started()
    process.kill(Number(daemon.hellos[0]?.hello.pid), 'SIGKILL')
    await daemon.until('the next launcher', () => daemon.hellos.length === 2)
    expect(daemon.hellos[1]?.hello.held).toEqual([1])
    expect(isAlive(worker)).toBe(true)
    writeFileSync(go, '')
    await daemon.until('its exit', () => daemon.exits.length > 0)
    expect(daemon.exits.map(({ token, code }) => [token, code])).toEqual([[1, 0]])
    expect(readFileSync(resultFile, 'utf8')).toContain('went')
    supervisor.kill('SIGTERM')
    expect(await supervisor.ended).toBe(0)
    expect(markedProcesses(world.marker)).toEqual([])
  })

  test('is lost with its spawner, and its worker is dead by then', async () => {
    const { world, daemon, supervisor, worker } = await started()
    process.kill(
      pidOf(world, (command) => command.includes('--kind\0python')),
      'SIGKILL',
    )
    await daemon.until('its loss', () => daemon.exits.length > 0)
    expect(daemon.exits[0]).toMatchObject({ token: 1, reason: exitReasons.lost })
    expect(isAlive(worker)).toBe(false)
    supervisor.kill('SIGTERM')
    expect(await supervisor.ended).toBe(0)
  })

  test('ends with its worker, whose last words lie beside the result', async () => {
    const { daemon, supervisor, worker, resultFile } = await started()
    process.kill(worker, 'SIGKILL')
    await daemon.until('its exit', () => daemon.exits.length > 0)
    expect(daemon.exits[0]).toMatchObject({ token: 1, code: -1, signal: 9 })
    expect(existsSync(`${resultFile}.log`)).toBe(true)
    expect(existsSync(resultFile)).toBe(false)
    supervisor.kill('SIGTERM')
    expect(await supervisor.ended).toBe(0)
  })
})
