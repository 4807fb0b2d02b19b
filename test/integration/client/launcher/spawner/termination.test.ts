// How tasks are ended, and what is cleaned up after them, with every kind of spawner.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { capabilities } from '../../../../../client/launcher/spawner/capabilities.ts'
import type { SpawnerKind } from '../../../../../client/launcher/spawner/messages.ts'
import { clock, fileAppears, fixture, isAlive, openSpawner, until } from './harness.ts'

const kinds: readonly SpawnerKind[] = ['koffi', 'shell', 'child']
const readPid = (file: string): number => Number(readFileSync(file, 'utf8'))

describe.each(kinds)('the %s spawner', (kind) => {
  const can = capabilities[kind]

  test('kills one task and harms no other, of its lane or beside', async () => {
    const spawner = openSpawner(kind)
    const go = join(spawner.directory, 'go')
    const slow = (n: number): string[] => [fixture('slow.sh'), join(spawner.directory, `r${n}`), go]
    spawner.start(
      spawner.task(1, slow(1)),
      spawner.task(2, slow(2), { lane: 1 }),
      spawner.task(3, slow(3)),
    )
    await fileAppears(join(spawner.directory, 'r1'))
    await fileAppears(join(spawner.directory, 'r2'))
    spawner.send({ op: 'kill', token: 1, graceMs: 5_000, reason: null })
    expect((await spawner.exit(1)).signal).toBe(15)
    await fileAppears(join(spawner.directory, 'r3'))
    writeFileSync(go, '')
    expect((await spawner.exit(2)).code).toBe(7)
    expect((await spawner.exit(3)).code).toBe(7)
  })

  test('says in its exit what a task was ended for, whatever it makes of the signal', async () => {
    const spawner = openSpawner(kind)
    const ready = join(spawner.directory, 'ready')
    spawner.start(
      spawner.task(1, [
        'sh',
        '-c',
        `trap 'exit 0' TERM; : >"${ready}"; while :; do sleep 0.02; done`,
      ]),
    )
    await fileAppears(ready)
    spawner.send({ op: 'kill', token: 1, graceMs: 5_000, reason: 'stopped' })
    expect(await spawner.exit(1)).toMatchObject({ code: 0, error: 'stopped' })
    const journal = readFileSync(join(spawner.directory, 'spawner-1.journal'), 'utf8')
    expect(journal).toContain('"error":"stopped"')
  })

  test('leaves a task that had ended by itself its own result', async () => {
    const spawner = openSpawner(kind)
    expect((await spawner.run(['true'])).error).toBe(null)
    spawner.start(spawner.task(2, ['true']))
    spawner.send({ op: 'kill', token: 1, graceMs: 0, reason: 'stopped' })
    expect(await spawner.exit(2)).toMatchObject({ code: 0, error: null })
  })

  test('ends a task that ignores TERM by KILL after the grace, not before', async () => {
    const spawner = openSpawner(kind)
    const ready = join(spawner.directory, 'ready')
    spawner.start(spawner.task(1, [fixture('ignores-term.sh'), ready]))
    await fileAppears(ready)
    const beganMs = clock.monotonicMs()
    spawner.send({ op: 'kill', token: 1, graceMs: 300, reason: null })
    expect((await spawner.exit(1)).signal).toBe(9)
    expect(clock.monotonicMs() - beganMs).toBeGreaterThanOrEqual(295)
    // The lane goes on.
    expect((await spawner.run(['true'])).code).toBe(0)
  })

  test('sends a task one TERM only, so that its own clean-up is not cut short', async () => {
    const spawner = openSpawner(kind)
    const ready = join(spawner.directory, 'ready')
    const terms = join(spawner.directory, 'terms')
    const text = `trap 'echo term >>"${terms}"' TERM; : >"${ready}"
      while :; do sleep 0.02; [ -e "${terms}" ] && sleep 0.3 && exit 3; done`
    spawner.start(spawner.task(1, ['sh', '-c', text]))
    await fileAppears(ready)
    spawner.send({ op: 'kill', token: 1, graceMs: 10_000, reason: null })
    expect((await spawner.exit(1)).code).toBe(3)
    expect(readFileSync(terms, 'utf8')).toBe('term\n')
  })

  test('kills at once without a grace', async () => {
    const spawner = openSpawner(kind)
    const ready = join(spawner.directory, 'ready')
    spawner.start(spawner.task(1, [fixture('ignores-term.sh'), ready]))
    await fileAppears(ready)
    spawner.send({ op: 'kill', token: 1, graceMs: 0, reason: null })
    expect((await spawner.exit(1)).signal).toBe(9)
  })

  test('ends a stopped task by TERM', async () => {
    const spawner = openSpawner(kind)
    spawner.start(spawner.task(1, ['sh', '-c', 'echo $$ >pid.new; mv pid.new pid; exec sleep 300']))
    await fileAppears(join(spawner.directory, 'pid'))
    process.kill(readPid(join(spawner.directory, 'pid')), 'SIGSTOP')
    spawner.send({ op: 'kill', token: 1, graceMs: 60_000, reason: null })
    expect((await spawner.exit(1)).signal).toBe(15)
  })

  test('finds a child that left its session by its marker when the task is killed', async () => {
    const spawner = openSpawner(kind)
    const file = join(spawner.directory, 'child')
    spawner.start(spawner.task(1, [fixture('leaves-group.sh'), file]))
    await fileAppears(file)
    const child = readPid(file)
    expect(isAlive(child)).toBe(true)
    spawner.send({ op: 'kill', token: 1, graceMs: 5_000, reason: null })
    await spawner.exit(1)
    await until('end of the child', () => !isAlive(child))
    expect(isAlive(child)).toBe(false)
  })

  test('kills and counts what a task leaves behind in its group', async () => {
    const spawner = openSpawner(kind)
    const file = join(spawner.directory, 'child')
    const exit = await spawner.run([fixture('leaves-child.sh'), file])
    expect(exit.code).toBe(0)
    expect(exit.orphans).toBe(can.seesLeftovers ? 1 : 0)
    const child = readPid(file)
    if (can.seesLeftovers) await until('end of the child', () => !isAlive(child))
    expect(isAlive(child)).toBe(!can.seesLeftovers)
  })

  test('gives back queued tasks that are withdrawn or killed, and starts the others', async () => {
    const spawner = openSpawner(kind)
    const ready = join(spawner.directory, 'ready')
    const go = join(spawner.directory, 'go')
    spawner.start(
      spawner.task(1, [fixture('slow.sh'), ready, go]),
      ...[2, 3, 4].map((token) => spawner.task(token, ['true'])),
    )
    await fileAppears(ready)
    spawner.send({ op: 'withdraw', tokens: [1, 2, 77] })
    spawner.send({ op: 'kill', token: 3, graceMs: 0, reason: null })
    await until('both back', () => spawner.withdrawn.size === 2)
    writeFileSync(go, '')
    expect((await spawner.exit(4)).code).toBe(0)
    expect([...spawner.withdrawn]).toEqual([2, 3])
    expect(new Set(spawner.exits.keys())).toEqual(new Set([1, 4]))
  })

  test('answers a kill within 50 ms, be it busy with other lanes', async () => {
    const spawner = openSpawner(kind)
    const many = Array.from({ length: 400 }, (_unused, n) => spawner.task(n + 10, ['true']))
    spawner.start(spawner.task(1, ['sleep', '300'], { lane: 1 }), ...many)
    await until('first exits', () => spawner.exits.size > 20)
    const beganMs = clock.monotonicMs()
    const atWall = clock.wallMs()
    spawner.send({ op: 'kill', token: 1, graceMs: 5_000, reason: null })
    const exit = await spawner.exit(1)
    expect(exit.signal).toBe(15)
    // By the spawner's clock: this process may itself be waiting for a core.
    expect(exit.endedAtMs - atWall).toBeLessThan(250)
    expect(clock.monotonicMs() - beganMs).toBeLessThan(5_000)
  })

  test('finishes all that is queued when drained, then ends with 0', async () => {
    const spawner = openSpawner(kind)
    spawner.start(...[1, 2, 3].map((token) => spawner.task(token, ['sleep', '0.05'])))
    spawner.send({ op: 'drain' })
    expect(await spawner.ended()).toBe(0)
    expect([...spawner.exits.keys()]).toEqual([1, 2, 3])
  })

  test('does not end by TERM, INT or HUP', async () => {
    const spawner = openSpawner(kind)
    expect((await spawner.run(['true'])).code).toBe(0)
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) spawner.process.kill(signal)
    expect((await spawner.run(['true'])).code).toBe(0)
  })
})

test('the koffi spawner reaps what left its group, so that no zombie stays', async () => {
  const spawner = openSpawner('koffi')
  const pids = join(spawner.directory, 'pid')
  // The task ends only when its child is out of the group: inside it would be killed.
  const child = "setsid sh -c 'echo $$ >pid.new; mv pid.new pid; sleep 0.3' &"
  await spawner.run(['sh', '-c', `${child} while [ ! -e pid ]; do sleep 0.01; done`])
  const pid = readPid(pids)
  const parent = (): string => readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1] ?? ''
  expect(parent().split(' ')[1]).toBe(String(spawner.process.pid))
  await until('reaping', () => {
    try {
      parent()
      return false
    } catch {
      return true
    }
  })
})
