// The pool of spawners, with real spawners that are killed, drained, adopted.
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { SpawnerKind, Task } from '../../../../../client/launcher/spawner/messages.ts'
import type { SpawnerPool } from '../../../../../client/launcher/spawner/pool.ts'
import { makeSpawnerPool } from '../../../../../client/launcher/spawner/pool.ts'
import { findMarked } from '../../../../../client/launcher/spawner/processes.ts'
import { taskMarkerVariable } from '../../../../../protocol/allocation-file.ts'
import type { Log } from '../../../../../protocol/ports.ts'
import type { DyingLauncherFacts } from './dying-launcher.ts'
import { clock, fileAppears, fixture, isAlive, scratch, spawnerPath, until } from './harness.ts'

const kinds: readonly SpawnerKind[] = ['koffi', 'shell', 'child']
let pools = 0

interface Subject {
  readonly pool: SpawnerPool
  readonly directory: string
  readonly marker: string
  readonly spawnerPids: number[]
  /** What became of each token, once for each time it was told. */
  readonly fates: Map<number, string[]>
  readonly started: Set<number>
  task(token: number, argv: readonly string[], lane?: number): Task
}

function openPool(kind: SpawnerKind, count: number, earlier?: Subject): Subject {
  const directory = earlier?.directory ?? scratch()
  const marker = earlier?.marker ?? `pool-${process.pid}-${pools++}:1:`
  const fates: Subject['fates'] = new Map()
  const started = new Set<number>()
  const spawnerPids: number[] = []
  const tell = (token: number, fate: string): void => {
    fates.set(token, [...(fates.get(token) ?? []), fate])
  }
  const log: Log = {
    debug: () => undefined,
    warn: () => undefined,
    error: () => undefined,
    info(_what, facts) {
      if (typeof facts?.['spawner'] === 'number') spawnerPids.push(facts['spawner'])
    },
  }
  const pool = makeSpawnerPool({
    count,
    kind,
    journalDir: directory,
    nodePath: process.execPath,
    spawnerPath,
    marker,
    openFilesSoft: null,
    clock,
    log,
    onStarted: (tasks) => {
      for (const [token] of tasks) started.add(token)
    },
    onExited: (exits) => {
      for (const { token, code, signal } of exits) tell(token, `exit ${code ?? `signal ${signal}`}`)
    },
    onWithdrawn: (tokens) => {
      for (const token of tokens) tell(token, 'withdrawn')
    },
    onSpawnerLost: (tokens) => {
      const left = findMarked((each) => tokens.some((token) => each === marker + token))
      for (const token of tokens) tell(token, left.length > 0 ? 'lost alive' : 'lost')
    },
  })
  onTestFinished(() => {
    for (const pid of spawnerPids) if (isAlive(pid)) process.kill(pid, 'SIGKILL')
    for (const { pid } of findMarked((each) => each.startsWith(marker)))
      process.kill(pid, 'SIGKILL')
  })
  const envId = pool.baseEnv({ PATH: process.env['PATH'] ?? '' })
  const task = (token: number, argv: readonly string[], lane = 0): Task => ({
    token,
    lane,
    argv,
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
  return { pool, directory, marker, spawnerPids, fates, started, task }
}

function slow(subject: Subject, n: number): string[] {
  return [fixture('slow.sh'), join(subject.directory, `r${n}`), join(subject.directory, 'go')]
}

function journals(directory: string): string[] {
  return readdirSync(directory).filter((name) => name.includes('.journal'))
}

/**
 * A launcher that dies: it starts two tasks (one runs, one is queued) and an ended one, then is
 * killed without a word. Returns the pid of its spawner.
 */
async function dyingLauncher(subject: Subject, kind: SpawnerKind): Promise<number> {
  const program = join(import.meta.dirname, 'dying-launcher.ts')
  const facts: DyingLauncherFacts = {
    kind,
    directory: subject.directory,
    marker: subject.marker,
    spawnerPath,
  }
  const child = spawn(process.execPath, [program, JSON.stringify(facts)], { stdio: 'inherit' })
  const ended = new Promise((done) => child.once('close', done))
  await fileAppears(join(subject.directory, 'r1'))
  await fileAppears(join(subject.directory, 'exited'))
  child.kill('SIGKILL')
  await ended
  const pid = Number(readFileSync(join(subject.directory, 'exited'), 'utf8'))
  subject.spawnerPids.push(pid)
  return pid
}

describe.each(kinds)('a pool of %s spawners', (kind) => {
  test('runs every task once, on all spawners', async () => {
    const subject = openPool(kind, 2)
    const tokens = Array.from({ length: 60 }, (_unused, n) => n + 1)
    subject.pool.start(tokens.map((n) => subject.task(n, ['sh', '-c', `exit ${n % 5}`], n % 4)))
    await until('all exits', () => subject.fates.size === tokens.length)
    expect(tokens.every((n) => subject.fates.get(n)?.join() === `exit ${n % 5}`)).toBe(true)
    expect(new Set(subject.spawnerPids).size).toBe(2)
  })

  test('calls what a killed spawner held lost only when it is dead, and goes on', async () => {
    const subject = openPool(kind, 1)
    subject.pool.start([subject.task(1, ['true'])])
    await until('first exit', () => subject.fates.has(1))
    const child = join(subject.directory, 'child')
    subject.pool.start([
      subject.task(2, slow(subject, 2)),
      subject.task(3, ['true']),
      subject.task(4, [fixture('leaves-group.sh'), child], 1),
    ])
    await fileAppears(join(subject.directory, 'r2'))
    await fileAppears(child)
    process.kill(subject.spawnerPids[0] ?? Number.NaN, 'SIGKILL')
    await until('the losses', () => subject.fates.size === 4)
    expect(Object.fromEntries(subject.fates)).toEqual({
      1: ['exit 0'],
      2: ['lost'],
      3: ['lost'],
      4: ['lost'],
    })
    expect(isAlive(Number(readFileSync(child, 'utf8')))).toBe(false)
    subject.pool.start([subject.task(5, ['true'])])
    await until('a task of the next spawner', () => subject.fates.has(5))
    expect(subject.fates.get(5)).toEqual(['exit 0'])
  })

  test('keeps its other spawner and its tasks unharmed when one is killed', async () => {
    const subject = openPool(kind, 2)
    subject.pool.start([subject.task(1, slow(subject, 1)), subject.task(2, slow(subject, 2), 1)])
    await fileAppears(join(subject.directory, 'r1'))
    await fileAppears(join(subject.directory, 'r2'))
    const holder = findMarked((each) => each === `${subject.marker}1`)[0]
    process.kill(subject.spawnerPids[0] ?? Number.NaN, 'SIGKILL')
    await until('the loss', () => subject.fates.size === 1)
    writeFileSync(join(subject.directory, 'go'), '')
    await until('the other exit', () => subject.fates.size === 2)
    expect([...subject.fates.values()].flat().sort()).toEqual(['exit 7', 'lost'])
    expect(holder).toBeDefined()
  })

  test('kills, withdraws and drains', async () => {
    const subject = openPool(kind, 2)
    subject.pool.start([
      subject.task(1, ['sleep', '300']),
      subject.task(2, ['true']),
      subject.task(3, ['true'], 1),
    ])
    await until('start', () => subject.started.has(1))
    subject.pool.withdraw([2, 3, 9])
    subject.pool.kill(1, 5_000, null)
    subject.pool.kill(99, 0, null)
    const drained = subject.pool.drain()
    await drained
    expect(subject.fates.get(1)).toEqual(['exit signal 15'])
    expect(subject.fates.get(2)).toEqual(['withdrawn'])
    expect(subject.spawnerPids.some(isAlive)).toBe(false)
  })

  test('removes a journal when its exits are acknowledged and its spawner has ended', async () => {
    const subject = openPool(kind, 1)
    subject.pool.start([subject.task(1, ['true']), subject.task(2, ['true'])])
    await until('exits', () => subject.fates.size === 2)
    subject.pool.ack([1])
    await subject.pool.drain()
    expect(journals(subject.directory)).toHaveLength(1)
    subject.pool.ack([2])
    expect(journals(subject.directory)).toEqual([])
  })

  test('adopts what an earlier launcher left running, and hears of its end', async () => {
    const earlier = openPool(kind, 1)
    await earlier.pool.drain()
    const spawner = await dyingLauncher(earlier, kind)
    const subject = openPool(kind, 1, earlier)
    const tasks = await subject.pool.adopt(subject.directory)
    expect(tasks.map(({ token }) => token)).toEqual([1])
    await until('what is known', () => subject.fates.size === 2)
    expect(subject.fates.get(3)).toEqual(['exit 0'])
    expect(subject.fates.get(2)).toEqual(['withdrawn'])
    expect(isAlive(spawner)).toBe(true)
    writeFileSync(join(subject.directory, 'go'), '')
    await until('its end', () => subject.fates.has(1))
    expect(subject.fates.get(1)).toEqual(['exit 7'])
    subject.pool.ack([1, 3])
    await subject.pool.drain()
    expect(journals(subject.directory)).toEqual([])
  })

  test('kills an adopted task', async () => {
    const earlier = openPool(kind, 1)
    await earlier.pool.drain()
    await dyingLauncher(earlier, kind)
    const subject = openPool(kind, 1, earlier)
    await subject.pool.adopt(subject.directory)
    subject.pool.kill(1, 100, null)
    await until('its end', () => subject.fates.has(1))
    expect(subject.fates.get(1)?.[0]).toMatch(/^exit signal (15|9)$/)
  })

  test('calls tasks lost when launcher and spawner died, after it has killed them', async () => {
    const earlier = openPool(kind, 1)
    await earlier.pool.drain()
    const spawner = await dyingLauncher(earlier, kind)
    process.kill(spawner, 'SIGKILL')
    await until('end of the spawner', () => !isAlive(spawner))
    const subject = openPool(kind, 1, earlier)
    expect(await subject.pool.adopt(subject.directory)).toEqual([])
    await until('its fate', () => subject.fates.has(1))
    expect(subject.fates.get(1)).toEqual(['lost'])
    expect(subject.fates.get(3)).toEqual(['exit 0'])
  })
})

test('a pool rotates a large journal when its older exits are acknowledged', async () => {
  const subject = openPool('koffi', 1)
  const long = 'x'.repeat(60_000)
  const run = async (from: number): Promise<void> => {
    const tokens = Array.from({ length: 80 }, (_unused, n) => from + n)
    // The reason why it can't start holds its long name, twice in the journal.
    subject.pool.start(tokens.map((token) => subject.task(token, [`./${long}`])))
    await until('exits', () => subject.fates.size === from + 79)
  }
  await run(1)
  await until('rotation', () => journals(subject.directory).length === 2)
  await run(81)
  await run(161)
  // Nothing has been acknowledged: the older file must stay as it is.
  const older = journals(subject.directory).find((name) => name.endsWith('.1')) ?? ''
  const before = readFileSync(join(subject.directory, older), 'utf8')
  expect(before).toContain('"token":1,')
  subject.pool.ack(Array.from({ length: 240 }, (_unused, n) => n + 1))
  await until('second rotation', () => {
    return !readFileSync(join(subject.directory, older), 'utf8').includes('"token":1,')
  })
  expect(journals(subject.directory)).toHaveLength(2)
})
