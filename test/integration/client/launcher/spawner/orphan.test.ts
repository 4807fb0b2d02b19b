// What a spawner does without its launcher: it finishes what runs and writes down how it ended.
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { JournalRecord, SpawnerKind } from '../../../../../client/launcher/spawner/messages.ts'
import { readBootId, readProcess } from '../../../../../client/launcher/spawner/processes.ts'
import { fileAppears, fixture, openSpawner, until } from './harness.ts'

const kinds: readonly SpawnerKind[] = ['koffi', 'shell', 'child']

function records(file: string): JournalRecord[] {
  const lines = readFileSync(file, 'utf8').split('\n').slice(1, -1)
  return lines.map((line) => JSON.parse(line) as JournalRecord)
}

function exitsIn(file: string): Map<number, string> {
  const found = new Map<number, string>()
  for (const record of records(file)) {
    if ('e' in record) found.set(record.e.token, `${record.e.code} ${record.e.signal}`)
  }
  return found
}

describe.each(kinds)('the %s spawner', (kind) => {
  test('begins its journal with who it is', async () => {
    const spawner = openSpawner(kind)
    await spawner.run(['true'])
    const header: unknown = JSON.parse(
      readFileSync(spawner.journalFile, 'utf8').split('\n')[0] ?? '',
    )
    const pid = spawner.process.pid ?? 0
    const startTime = readProcess(pid)?.startTime
    expect(header).toEqual({
      spawner: pid,
      startTime,
      bootId: readBootId(),
      marker: spawner.marker,
    })
  })

  test('has an exit in its journal before it reports it', async () => {
    const spawner = openSpawner(kind)
    for (let n = 1; n <= 20; n++) {
      spawner.start(spawner.task(n, ['sh', '-c', `exit ${n}`]))
      await spawner.exit(n)
      expect(exitsIn(spawner.journalFile).get(n)).toBe(`${n} null`)
    }
  })

  test('names a task in its journal before it starts it', async () => {
    const spawner = openSpawner(kind)
    const seen = join(spawner.directory, 'seen')
    await spawner.run(['cp', spawner.journalFile, seen])
    expect(records(seen)).toContainEqual({ q: [1000] })
  })

  test('goes on without its launcher, gives back what is queued, ends after the last', async () => {
    const spawner = openSpawner(kind)
    const ready = join(spawner.directory, 'ready')
    const go = join(spawner.directory, 'go')
    spawner.start(
      spawner.task(1, [fixture('slow.sh'), ready, go]),
      ...[2, 3].map((token) => spawner.task(token, ['true'])),
    )
    await fileAppears(ready)
    spawner.process.stdin.destroy()
    spawner.process.stdout.destroy()
    await until('withdrawal', () => records(spawner.journalFile).some((each) => 'w' in each))
    expect(records(spawner.journalFile)).toContainEqual({ w: [2, 3] })
    writeFileSync(go, '')
    expect(await spawner.ended()).toBe(0)
    expect([...exitsIn(spawner.journalFile)]).toEqual([[1, '7 null']])
  })

  test('starts nothing when its launcher died before its first command', async () => {
    // What a spawner that boots slowly finds: commands in its pipe, and another parent.
    const spawner = openSpawner(kind, ['--launcher', '1'])
    const sign = join(spawner.directory, 'sign')
    spawner.start(spawner.task(1, ['touch', sign]))
    expect(await spawner.ended()).toBe(0)
    expect(existsSync(sign)).toBe(false)
  })

  test('obeys kills from its control file when it is an orphan', async () => {
    const spawner = openSpawner(kind)
    const ready = join(spawner.directory, 'ready')
    spawner.start(spawner.task(1, [fixture('ignores-term.sh'), ready]))
    await fileAppears(ready)
    spawner.process.stdin.destroy()
    spawner.process.stdout.destroy()
    const kill = { op: 'kill', token: 1, graceMs: 50, reason: null }
    appendFileSync(`${spawner.journalFile}.control`, `${JSON.stringify(kill)}\n`)
    expect(await spawner.ended()).toBe(0)
    expect([...exitsIn(spawner.journalFile)]).toEqual([[1, 'null 9']])
  })

  test('takes running tasks into the new journal when it rotates', async () => {
    const spawner = openSpawner(kind)
    const ready = join(spawner.directory, 'ready')
    const go = join(spawner.directory, 'go')
    await spawner.run(['true'])
    spawner.start(spawner.task(1, [fixture('slow.sh'), ready, go]), spawner.task(2, ['true']))
    await fileAppears(ready)
    spawner.send({ op: 'rotate' })
    await until('rotation', () => spawner.reports.some(({ op }) => op === 'rotated'))
    expect([...exitsIn(`${spawner.journalFile}.1`).keys()]).toEqual([1000])
    writeFileSync(go, '')
    await spawner.exit(2)
    const fresh = records(spawner.journalFile)
    expect(fresh[0]).toEqual({ q: [1, 2] })
    expect(fresh[1]).toMatchObject({ s: 1 })
    expect([...exitsIn(spawner.journalFile).keys()]).toEqual([1, 2])
  })
})

test('the koffi spawner notes the start time that /proc shows, or 0 when unsure', async () => {
  const spawner = openSpawner('koffi')
  const lanes = Array.from({ length: 40 }, (_unused, lane) => lane)
  spawner.start(...lanes.map((lane) => spawner.task(lane + 1, ['sleep', '300'], { lane })))
  await until('starts', () => spawner.started.size === lanes.length)
  const starts = records(spawner.journalFile).flatMap((each) => ('s' in each ? [each] : []))
  expect(starts).toHaveLength(lanes.length)
  for (const { pid, startTime } of starts) {
    expect([0, readProcess(pid)?.startTime]).toContain(startTime)
  }
  expect(starts.some(({ startTime }) => startTime > 0)).toBe(true)
})
