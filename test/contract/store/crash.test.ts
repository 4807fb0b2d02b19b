// Power and processes fail: what was acknowledged is there, and what is there is a prefix.
import { type ChildProcess, spawn } from 'node:child_process'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, test } from 'vitest'
import { driverNames, driverOrSkip, folderFor, rows, span, spec, storeAt, turn } from './sites.ts'

const program = join(import.meta.dirname, 'fixtures/committer.ts')

interface Committer {
  readonly child: ChildProcess
  /** What it said, so far. */
  readonly said: string[]
  /** Resolves when it says something that starts so, or ends. */
  until(start: string): Promise<void>
  readonly ended: Promise<number | null>
}

function startCommitter(driver: string, file: string, turns = 1_000_000): Committer {
  const child = spawn(process.execPath, [program, driver, file, String(turns)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const said: string[] = []
  const waits = new Set<{ start: string; resolve: () => void }>()
  const { promise: ended, resolve: end } = Promise.withResolvers<number | null>()
  createInterface({ input: child.stdout }).on('line', (line) => {
    said.push(line)
    for (const wait of waits) if (line.startsWith(wait.start)) wait.resolve()
  })
  child.once('close', (code) => {
    end(code)
    for (const wait of waits) wait.resolve()
  })
  const until = (start: string): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>()
    waits.add({ start, resolve })
    if (said.some((line) => line.startsWith(start))) resolve()
    return promise
  }
  return { child, said, until, ended }
}

function lastSeq(said: readonly string[]): number {
  const last = said.findLast((line) => line.startsWith('seq '))
  return last === undefined ? 0 : Number(last.slice(4))
}

describe.each(driverNames)('%s', (name) => {
  test('after kill -9 every acknowledged turn is there, and the site is whole', async (context) => {
    const picked = await driverOrSkip(name, context)
    const file = join(folderFor(context), 'balsam.db')
    let acknowledged = 0
    for (let round = 0; round < 8; round += 1) {
      const committer = startCommitter(name, file)
      // Killed somewhere in the middle of its work: after an odd number of turns.
      await committer.until(`seq ${acknowledged + 1 + round * 7}`)
      committer.child.kill('SIGKILL')
      await committer.ended
      expect(lastSeq(committer.said)).toBeGreaterThan(acknowledged)
      acknowledged = Math.max(acknowledged, lastSeq(committer.said))
    }
    const store = await storeAt(picked, file, context)
    const site = await store.open('after')
    expect(site.epoch).toBe(9)
    expect(site.lastSeq).toBeGreaterThanOrEqual(acknowledged)
    // Every turn makes one job, so that the turns that are there are told by the ids.
    expect(site.nextJobId).toBe(site.lastSeq + 1)
    const ids = Array.from({ length: site.lastSeq }, (_, index) => index + 1)
    expect((await store.specsOf(ids)).length).toBe(site.lastSeq)
    expect(site.journal.map((each) => each.seq)).toEqual(ids.slice(site.appliedSeq))
    const { total } = await store.list({}, 0, 1)
    expect([total, site.tallies[0]?.count]).toEqual([site.appliedSeq, site.appliedSeq])
    expect(await store.check()).toEqual({ integrity: 'ok', breaches: [] })
  })

  test('of two daemons on a site the later one writes and the other ends', async (context) => {
    const picked = await driverOrSkip(name, context)
    const file = join(folderFor(context), 'balsam.db')
    const duellists: Committer[] = []
    for (let round = 0; round < 4; round += 1) {
      const next = startCommitter(name, file, 1_000_000)
      duellists.push(next)
      await next.until('seq ')
    }
    const winner = duellists.at(-1)
    await Promise.all(duellists.slice(0, -1).map((each) => each.ended))
    winner?.child.kill('SIGKILL')
    await winner?.ended
    for (const loser of duellists.slice(0, -1)) expect(loser.said.at(-1)).toBe('end STALE_EPOCH')
    const store = await storeAt(picked, file, context)
    const site = await store.open('after')
    const epochs = site.journal.map((each) => Number(/"epoch":(\d+)/.exec(each.body)?.[1]))
    expect(epochs).toEqual([...epochs].sort((a, b) => a - b))
    expect(site.nextJobId).toBe(site.lastSeq + 1)
    expect((await store.check()).breaches).toEqual([])
  })

  test('a reign that is over writes nothing at all', async (context) => {
    const picked = await driverOrSkip(name, context)
    const file = join(folderFor(context), 'balsam.db')
    const old = await storeAt(picked, file, context)
    await old.open('old')
    await old.stage({ lo: 5, hi: 9 }, [spec(5, 5)])
    const young = await storeAt(picked, file, context)
    await young.open('young')
    const stale = { code: 'STALE_EPOCH' }
    await expect(old.commit(turn(1, { specs: [spec(1, 1)] }))).rejects.toMatchObject(stale)
    await expect(old.catchUp(rows(1, { spans: [span(1, 1)] }))).rejects.toMatchObject(stale)
    await expect(old.stage({ lo: 20, hi: 29 }, [spec(20, 20)])).rejects.toMatchObject(stale)
    await young.stage({ lo: 40, hi: 49 }, [spec(40, 40)])
    await expect(old.unstage([40])).rejects.toMatchObject(stale)
    expect(await young.specsOf([1, 5, 20, 40])).toEqual([spec(40, 40)])
    await young.commit(turn(1, { settledBlocks: [40] }))
    expect(await old.reigns()).toBe(false)
    expect(await young.reigns()).toBe(true)
  })

  test('after a loss of power the site is a prefix of what was written', async (context) => {
    const picked = await driverOrSkip(name, context)
    const folder = folderFor(context)
    const file = join(folder, 'balsam.db')
    const store = await storeAt(picked, file, context)
    await store.open('test')
    const turns = 12
    // Durable commits and catch-ups that need not be, as they come in a daemon.
    for (let seq = 1; seq <= turns; seq += 1) {
      await store.commit(turn(seq, { specs: [spec(seq, seq)] }))
      if (seq % 2 === 0) {
        const tallies = [{ workflow: 'w', state: 4, count: seq }]
        await store.catchUp(rows(seq, { spans: [span(seq - 1, seq)], tallies }))
      }
    }
    const wal = readFileSync(`${file}-wal`)
    const seen = new Set<string>()
    const lost = join(folder, 'lost.db')
    for (let part = 0; part <= 24; part += 1) {
      copyFileSync(file, lost)
      writeFileSync(`${lost}-wal`, wal.subarray(0, Math.floor((wal.length * part) / 24)))
      const after = await storeAt(picked, lost, context)
      const site = await after.open('after')
      // The derived tables never lead the journal, and each state is one that there was.
      expect(site.appliedSeq).toBeLessThanOrEqual(site.lastSeq)
      expect(site.lastSeq - site.appliedSeq).toBeLessThanOrEqual(2)
      expect(site.nextJobId).toBe(site.lastSeq + 1)
      expect((await after.list({}, 0, 1)).total).toBe(site.appliedSeq)
      expect(await after.check()).toEqual({ integrity: 'ok', breaches: [] })
      seen.add(`${site.lastSeq}/${site.appliedSeq}`)
      await after.close()
    }
    expect(seen.has(`${turns}/${turns}`)).toBe(true)
    expect(seen.size).toBeGreaterThan(turns / 2)
  })
})
