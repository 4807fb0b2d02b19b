// Supervisor, launcher, spawners and tasks as real processes; some of them are killed.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { markedProcesses } from '../../../../client/launcher/machine/processes.ts'
import { exitReasons } from '../../../../protocol/exit-reasons.ts'
import { frameKind } from '../../../../protocol/frames.ts'
import { startFakeDaemon } from '../../../support/fake-daemon.ts'
import type { World } from './support.ts'
import { assign, makeWorld, shellTemplate } from './support.ts'

/** Lines of a file that tasks append to; [] when there is none yet. */
function lines(file: string): string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : []
}

/** What will hold before long, on a machine that is busy with other tests too. */
const eventually = <T>(look: () => T) => expect.poll(look, { timeout: 20_000, interval: 20 })

/** A supervised launcher that has said hello. */
async function started(changes: Parameters<typeof makeWorld>[0] = {}) {
  const world = await makeWorld(changes)
  const supervisor = world.supervise()
  await world.daemon.until('hello', () => world.daemon.hellos.length === 1)
  return { world, supervisor, daemon: world.daemon }
}

/** How long a supervisor takes here to have a launcher that says hello. */
async function msToHello(): Promise<number> {
  const beganMs = performance.now()
  const { supervisor } = await started()
  const ms = performance.now() - beganMs
  supervisor.kill('SIGTERM')
  await supervisor.ended
  return ms
}

/** A task that says that it began, waits until `go` exists, and ends with 7. */
function waiter(world: World) {
  const began = join(world.directory, 'began')
  const go = join(world.directory, 'go')
  const wait = `while [ ! -e ${go} ]; do sleep 0.02; done`
  const script = `echo $BALSAM_JOB_ID >> ${began}; ${wait}; exit 7`
  return { began, go, template: shellTemplate(script) }
}

/** Runs a command of sh beside everything else. */
async function touch(file: string): Promise<void> {
  const { writeFile } = await import('node:fs/promises')
  await writeFile(file, '')
}

const tokensOf = (world: World) => world.daemon.exits.map(({ token }) => token)

describe('tasks', () => {
  test('exit code, signal and reason of each task are reported', async () => {
    const { daemon, supervisor } = await started()
    assign(daemon.peer(), shellTemplate('exit 3'), [1])
    assign(daemon.peer(), shellTemplate('kill -9 $$'), [2])
    assign(daemon.peer(), shellTemplate('', { argv: ['/does/not/exist'] }), [3])
    await daemon.until('three exits', () => daemon.exits.length === 3)
    const of = (token: number) => daemon.exits.find((exit) => exit.token === token)
    expect(of(1)).toMatchObject({ code: 3, signal: 0, reason: null })
    expect(of(2)).toMatchObject({ code: -1, signal: 9, reason: null })
    expect(of(3)).toMatchObject({ code: -1, signal: 0, startedAtMs: 0 })
    expect(of(3)?.reason).toContain('ENOENT')
    supervisor.kill('SIGTERM')
    expect(await supervisor.ended).toBe(0)
  })

  test('output and directory are where the template says, and the task knows its job', async () => {
    const { world, daemon, supervisor } = await started()
    const root = join(world.directory, 'data')
    const script = 'echo "job $BALSAM_JOB_ID index {i}"; pwd; echo oops >&2'
    const changes = { workdirRoot: root, output: 'workdir', arrayOffset: 1000 } as const
    assign(daemon.peer(), shellTemplate(script, changes), [1])
    await daemon.until('exit', () => daemon.exits.length === 1)
    const directory = join(root, 'task-1_1001')
    const text = readFileSync(join(directory, 'task-1.out'), 'utf8')
    expect(text).toBe(`job 1001 index 1\n${directory}\noops\n`)
    supervisor.kill('SIGTERM')
    expect(await supervisor.ended).toBe(0)
  })

  test('a hundred short tasks on two cores are each run and reported once', async () => {
    const { world, daemon, supervisor } = await started()
    const ran = join(world.directory, 'ran')
    const tokens = Array.from({ length: 100 }, (_, at) => at + 1)
    assign(daemon.peer(), shellTemplate(`echo $BALSAM_JOB_ID >> ${ran}`), tokens)
    await daemon.until('hundred exits', () => daemon.exits.length >= 100)
    expect(tokensOf(world).toSorted((a, b) => a - b)).toEqual(tokens)
    const ids = lines(ran).map(Number)
    expect(ids.toSorted((a, b) => a - b)).toEqual(tokens.map((token) => token + 1000))
    supervisor.kill('SIGTERM')
    expect(await supervisor.ended).toBe(0)
  })

  test('a task that does not listen to TERM gets KILL after the grace', async () => {
    const { world, daemon, supervisor } = await started()
    const ready = join(world.directory, 'ready')
    const stubborn = `trap '' TERM; echo x >> ${ready}; while :; do sleep 0.05; done`
    assign(daemon.peer(), shellTemplate(stubborn), [1])
    await eventually(() => lines(ready)).toEqual(['x'])
    daemon.peer().send([frameKind.kill, 1, [1], 200])
    await daemon.until('exit', () => daemon.exits.length === 1)
    expect(daemon.exits[0]).toMatchObject({ token: 1, code: -1, signal: 9 })
    supervisor.kill('SIGTERM')
    expect(await supervisor.ended).toBe(0)
  })

  test('a call of a task reaches the daemon and is answered', async () => {
    const { world, daemon, supervisor } = await started()
    const answer = join(world.directory, 'answer')
    const program = `
      import { request } from 'node:http'
      import { writeFileSync } from 'node:fs'
      request({ socketPath: process.env.BALSAM_SOCKET, path: '/v1/status',
        headers: { authorization: 'Bearer ' + process.env.BALSAM_TASK_TOKEN } },
        (r) => r.on('data', (d) => writeFileSync('${answer}', d))).end()`
    const argv = [process.execPath, '--input-type=module', '-e', program]
    assign(daemon.peer(), shellTemplate('', { argv }), [5])
    await daemon.until('call', () => daemon.frames.some((frame) => frame[0] === frameKind.call))
    const call = daemon.frames.find((frame) => frame[0] === frameKind.call)
    expect(call?.slice(2)).toEqual(['GET', '/v1/status', '', 5])
    daemon.peer().send([frameKind.answer, Number(call?.[1]), 200, '{"answer":42}'])
    await daemon.until('exit', () => daemon.exits.length === 1)
    expect(readFileSync(answer, 'utf8')).toBe('{"answer":42}')
    supervisor.kill('SIGTERM')
    expect(await supervisor.ended).toBe(0)
  })
})

describe('deaths', () => {
  test('tasks outlive their launcher: the next one adopts them and reports each once', async () => {
    const { world, daemon, supervisor } = await started()
    const { began, go, template } = waiter(world)
    assign(daemon.peer(), template, [1, 2])
    assign(daemon.peer(), shellTemplate('exit 0'), [3])
    await eventually(() => lines(began).toSorted()).toEqual(['1001', '1002'])
    process.kill(daemon.peer().hello.pid, 'SIGKILL')
    await daemon.until('second hello', () => daemon.hellos.length === 2)
    expect(new Set(daemon.peer().hello.held)).toEqual(new Set([1, 2]))
    await touch(go)
    await daemon.until('exits', () => daemon.exits.length >= 2)
    expect(tokensOf(world).toSorted((a, b) => a - b)).toEqual([1, 2])
    expect(daemon.exits.map(({ code }) => code)).toEqual([7, 7])
    expect(lines(began)).toHaveLength(2)
    // Its cores are free again.
    assign(daemon.peer(), shellTemplate('exit 5'), [4])
    await daemon.until('a new task', () => tokensOf(world).includes(4))
    supervisor.kill('SIGTERM')
    expect(await supervisor.ended).toBe(0)
    expect(markedProcesses(world.marker)).toEqual([])
  })

  test('an adopted task can be killed', async () => {
    const { world, daemon, supervisor } = await started()
    const { began, template } = waiter(world)
    assign(daemon.peer(), template, [1])
    await eventually(() => lines(began)).toEqual(['1001'])
    process.kill(daemon.peer().hello.pid, 'SIGKILL')
    await daemon.until('second hello', () => daemon.hellos.length === 2)
    daemon.peer().send([frameKind.kill, 1, [1], 500])
    await daemon.until('exit', () => daemon.exits.length === 1)
    expect(daemon.exits[0]).toMatchObject({ token: 1, code: -1, signal: 15 })
    supervisor.kill('SIGTERM')
    expect(await supervisor.ended).toBe(0)
  })

  test('exits of the time without a launcher are reported by the next one', async () => {
    const { world, daemon, supervisor } = await started()
    const { began, go, template } = waiter(world)
    assign(daemon.peer(), template, [1])
    await eventually(() => lines(began)).toEqual(['1001'])
    process.kill(daemon.peer().hello.pid, 'SIGKILL')
    await touch(go)
    await daemon.until('exit', () => daemon.exits.length === 1)
    expect(daemon.exits[0]).toMatchObject({ token: 1, code: 7 })
    supervisor.kill('SIGTERM')
    expect(await supervisor.ended).toBe(0)
  })

  test('when the supervisor is killed the launcher ends, and tasks finish', async () => {
    const { world, daemon, supervisor } = await started()
    const { began, go, template } = waiter(world)
    assign(daemon.peer(), template, [1])
    await eventually(() => lines(began)).toEqual(['1001'])
    const launcher = daemon.peer().hello.pid
    supervisor.kill('SIGKILL')
    await daemon.until('end of the link', () => !daemon.peer().isOpen())
    await expect
      .poll(() => markedProcesses(world.marker).map(({ pid }) => pid))
      .not.toContain(launcher)
    expect(markedProcesses(world.marker).some(({ token }) => token === 1)).toBe(true)
    await touch(go)
    await eventually(() => markedProcesses(world.marker)).toEqual([])
    const next = world.supervise()
    await daemon.until('exit', () => daemon.exits.length === 1)
    expect(daemon.exits[0]).toMatchObject({ token: 1, code: 7 })
    expect(lines(began)).toHaveLength(1)
    next.kill('SIGTERM')
    expect(await next.ended).toBe(0)
  })

  test('a launcher that loses its daemon goes on, and tells the next daemon', async () => {
    const { world, daemon, supervisor } = await started()
    const { began, go, template } = waiter(world)
    assign(daemon.peer(), template, [1])
    await eventually(() => lines(began)).toEqual(['1001'])
    await daemon.stop()
    await touch(go)
    const next = await startFakeDaemon(daemon.socket, { epoch: 2, isAcknowledging: true })
    await next.until('exit', () => next.exits.length === 1)
    expect(next.exits[0]).toMatchObject({ token: 1, code: 7 })
    supervisor.kill('SIGTERM')
    expect(await supervisor.ended).toBe(0)
    await next.stop()
  })
})

describe('ends', () => {
  test('SIGTERM to the supervisor ends tasks, even stubborn ones and those that hide', async () => {
    const { world, daemon, supervisor } = await started({ killGraceMs: 300 })
    const ready = join(world.directory, 'ready')
    const stubborn = `trap '' TERM; echo x >> ${ready}; while :; do sleep 0.05; done`
    const hiding = `setsid sh -c "trap '' TERM; echo x >> ${ready}; sleep 1000" & wait`
    assign(daemon.peer(), shellTemplate(stubborn), [1])
    assign(daemon.peer(), shellTemplate(hiding), [2])
    await eventually(() => lines(ready)).toEqual(['x', 'x'])
    supervisor.kill('SIGTERM')
    expect(await supervisor.ended).toBe(0)
    expect(markedProcesses(world.marker)).toEqual([])
    expect(new Set(tokensOf(world))).toEqual(new Set([1, 2]))
    expect(daemon.exits.every(({ reason }) => reason === exitReasons.stopped)).toBe(true)
  })

  test('at the walltime tasks are ended with that reason, then comes the goodbye', async () => {
    // A walltime that a launcher on a machine as busy as this one has some use of.
    const wallTimeSeconds = 4 + Math.ceil((4 * (await msToHello())) / 1_000)
    const { world, daemon, supervisor } = await started({ wallTimeSeconds, killGraceMs: 500 })
    assign(daemon.peer(), shellTemplate('exec sleep 1000'), [1])
    expect(await supervisor.ended).toBe(0)
    expect(daemon.exits).toHaveLength(1)
    expect(daemon.exits[0]).toMatchObject({ token: 1, signal: 15, reason: exitReasons.wallTime })
    expect(daemon.frames.at(-1)).toEqual([frameKind.bye, exitReasons.wallTime])
    expect(markedProcesses(world.marker)).toEqual([])
  })
})
