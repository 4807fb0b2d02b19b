// What the outside world refuses, and files that are not what they should be.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { loadMigrations } from '../../../daemon/store/migrate.ts'
import { openStore } from '../../../daemon/store/open-store.ts'
import { Fault } from '../../../protocol/faults.ts'
import {
  driverNames,
  driverOrSkip,
  folderFor,
  newStore,
  rows,
  span,
  spec,
  storeAt,
  turn,
} from './sites.ts'

/** Limits the files that this process may write; '' or why that is not possible. */
function limitFileSize(bytes: string): string {
  const words = ['--pid', String(process.pid), `--fsize=${bytes}:unlimited`]
  const { status, stderr, error } = spawnSync('prlimit', words, { encoding: 'utf8' })
  return status === 0 ? '' : (error?.message ?? stderr)
}

/** What a refused call says; any other error goes on. */
function refusalOf(error: unknown): string {
  if (error instanceof Fault && error.code === 'STORAGE_REFUSED') return error.message
  throw error
}

const known = loadMigrations()
const later = { version: known.length + 1, sql: 'ALTER TABLE reign ADD COLUMN novelty TEXT' }

describe.each(driverNames)('%s', (name) => {
  test('a full database refuses a turn whole, and takes it later', async (context) => {
    const picked = await driverOrSkip(name, context)
    const file = join(folderFor(context), 'balsam.db')
    const driver = await picked.open({ file, isShared: false })
    const store = await openStore({ driver, file })
    context.onTestFinished(() => store.close())
    await store.open('test')
    await store.commit(turn(1))
    await driver.script('PRAGMA max_page_count=1')
    const large = turn(2, { body: 'x'.repeat(1_000_000), specs: [spec(1, 1)] })
    await expect(store.commit(large)).rejects.toMatchObject({ code: 'STORAGE_REFUSED' })
    await expect(
      store.stage({ lo: 1, hi: 1 }, [spec(1, 1, { body: 'x'.repeat(1_000_000) })]),
    ).rejects.toMatchObject({ code: 'STORAGE_REFUSED' })
    expect(await store.specsOf([1])).toEqual([])
    await driver.script('PRAGMA max_page_count=1000000')
    await store.commit(large)
    expect((await store.open('again')).journal.map((each) => each.seq)).toEqual([1, 2])
    expect(await store.check()).toEqual({ integrity: 'ok', breaches: [] })
  })

  test('a full disk refuses turns, and takes them when there is space', async (context) => {
    const picked = await driverOrSkip(name, context)
    const disk = join(folderFor(context), 'disk')
    mkdirSync(disk)
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'none', disk])
    context.skip(mounted.status !== 0, 'only root can mount a small disk')
    context.onTestFinished(() => {
      spawnSync('umount', ['-l', disk])
    })
    const store = await storeAt(picked, join(disk, 'balsam.db'), context)
    await store.open('test')
    const ballast = join(disk, 'ballast')
    writeFileSync(ballast, Buffer.alloc(1_000_000))
    let seq = 1
    const body = 'x'.repeat(100_000)
    const fill = async (): Promise<void> => {
      for (; seq < 100; seq += 1) await store.commit(turn(seq, { body }))
    }
    await expect(fill()).rejects.toMatchObject({ code: 'STORAGE_REFUSED' })
    await expect(store.commit(turn(seq, { body }))).rejects.toMatchObject({
      code: 'STORAGE_REFUSED',
    })
    writeFileSync(ballast, '')
    await store.commit(turn(seq, { body }))
    const site = await store.open('again')
    expect(site.journal.map((each) => each.seq)).toEqual(
      Array.from({ length: seq }, (_, k) => k + 1),
    )
    expect(await store.check()).toEqual({ integrity: 'ok', breaches: [] })
  })

  test('a quota refuses turns, and takes them when it is raised', async (context) => {
    const picked = await driverOrSkip(name, context)
    const store = await storeAt(picked, join(folderFor(context), 'balsam.db'), context)
    await store.open('test')
    await store.commit(turn(1))
    // SQLite tells this as it tells EDQUOT: a write that failed, and not for want of space.
    const limited = limitFileSize('300000')
    context.onTestFinished(() => void limitFileSize('unlimited'))
    context.skip(limited !== '', `the size of files can't be limited here: ${limited}`)
    const large = turn(2, { body: 'x'.repeat(1_000_000) })
    await expect(store.commit(large)).rejects.toMatchObject({ code: 'STORAGE_REFUSED' })
    limitFileSize('unlimited')
    await store.commit(large)
    expect((await store.open('again')).journal.map((each) => each.seq)).toEqual([1, 2])
    expect(await store.check()).toEqual({ integrity: 'ok', breaches: [] })
  })

  test('a disk that is full but for the WAL itself refuses a turn', async (context) => {
    const picked = await driverOrSkip(name, context)
    const disk = join(folderFor(context), 'disk')
    mkdirSync(disk)
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'none', disk])
    context.skip(mounted.status !== 0, 'only root can mount a small disk')
    context.onTestFinished(() => {
      spawnSync('umount', ['-l', disk])
    })
    const file = join(disk, 'balsam.db')
    const store = await storeAt(picked, file, context)
    await store.open('test')
    // The index of a WAL of more than 4,000 pages needs a second piece of 32 KiB beside the WAL.
    const large = turn(1, { body: 'x'.repeat(17_000_000) })
    const { bavail, bsize } = statfsSync(disk)
    const ballast = join(disk, 'ballast')
    const said: string[] = []
    for (let bytes = 17_050_000; said.at(-1) !== 'taken'; bytes += 28_000) {
      writeFileSync(ballast, Buffer.alloc(bavail * bsize - bytes))
      said.push(await store.commit(large).then(() => 'taken', refusalOf))
    }
    // Between "no room for the WAL" and "taken" it was the index that found none.
    expect(said.at(-2)).toContain('disk I/O error')
    writeFileSync(ballast, '')
    expect((await store.open('again')).journal.map((each) => each.seq)).toEqual([1])
    expect(await store.check()).toEqual({ integrity: 'ok', breaches: [] })
  })

  test('a lock of another process refuses a turn, which is taken afterwards', async (context) => {
    const picked = await driverOrSkip(name, context)
    const file = join(folderFor(context), 'balsam.db')
    const store = await storeAt(picked, file, context)
    await store.open('test')
    // A process of its own: two SQLite libraries in one process would undo each other's locks.
    const script = `const { DatabaseSync } = require('node:sqlite')
      const database = new DatabaseSync(${JSON.stringify(file)})
      database.exec('BEGIN IMMEDIATE')
      process.stdout.write('locked')
      setTimeout(() => process.exit(0), 3000)`
    const holder = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    const gone = new Promise((resolve) => holder.once('close', resolve))
    await new Promise((resolve) => holder.stdout.once('data', resolve))
    await expect(store.commit(turn(1))).rejects.toMatchObject({ code: 'STORAGE_REFUSED' })
    await gone
    await store.commit(turn(1))
    expect((await store.open('again')).lastSeq).toBe(1)
  })

  test.for([
    ['text', Buffer.from('this is my thesis\n'.repeat(1_000))],
    ['a few bytes', Buffer.from('SQLite')],
    ['a torn header', Buffer.concat([Buffer.from('SQLite format 3\0'), Buffer.alloc(5_000, 7)])],
    ['zeros', Buffer.alloc(8_192)],
  ] as const)('%s is no database and stays as it is', async ([_what, bytes], context) => {
    const picked = await driverOrSkip(name, context)
    const file = join(folderFor(context), 'balsam.db')
    writeFileSync(file, bytes)
    await expect(storeAt(picked, file, context)).rejects.toMatchObject({ code: 'DATABASE_INVALID' })
    expect(readFileSync(file).equals(bytes)).toBe(true)
    expect(existsSync(`${file}-wal`)).toBe(false)
  })

  test('the database of another program is refused and stays as it is', async (context) => {
    const picked = await driverOrSkip(name, context)
    const file = join(folderFor(context), 'balsam.db')
    const other = new DatabaseSync(file)
    other.exec('CREATE TABLE jobs (id INTEGER PRIMARY KEY); INSERT INTO jobs VALUES (1)')
    other.close()
    const before = readFileSync(file)
    await expect(storeAt(picked, file, context)).rejects.toMatchObject({ code: 'DATABASE_INVALID' })
    expect(readFileSync(file).equals(before)).toBe(true)
  })

  test('a directory in place of the database is refused', async (context) => {
    const picked = await driverOrSkip(name, context)
    const file = join(folderFor(context), 'balsam.db')
    mkdirSync(file)
    await expect(storeAt(picked, file, context)).rejects.toMatchObject({ code: 'DATABASE_INVALID' })
  })

  test('a newer schema is refused and stays as it is', async (context) => {
    const picked = await driverOrSkip(name, context)
    const file = join(folderFor(context), 'balsam.db')
    const open = async (migrations: typeof known) => {
      const driver = await picked.open({ file, isShared: false })
      try {
        return await openStore({ driver, file, migrations })
      } catch (error) {
        await driver.close()
        throw error
      }
    }
    await (await open([...known, later])).close()
    const before = readFileSync(file)
    await expect(open(known)).rejects.toMatchObject({
      code: 'DATABASE_NEWER',
      facts: { found: later.version, known: known.length },
    })
    expect(readFileSync(file).equals(before)).toBe(true)
  })

  test('an older schema is copied first, then brought up to date', async (context) => {
    const picked = await driverOrSkip(name, context)
    const file = join(folderFor(context), 'balsam.db')
    const first = await storeAt(picked, file, context)
    await first.open('first')
    await first.commit(turn(1, { specs: [spec(1, 1)] }))
    await first.close()
    const driver = await picked.open({ file, isShared: false })
    const second = await openStore({ driver, file, migrations: [...known, later] })
    context.onTestFinished(() => second.close())
    expect((await second.open('second')).lastSeq).toBe(1)
    const backup = `${file}.before-${later.version}`
    const old = await storeAt(picked, backup, context)
    expect((await old.open('old')).epoch).toBe(2)
    expect(await old.specsOf([1])).toEqual([spec(1, 1)])
  })

  test('a migration that fails changes nothing', async (context) => {
    const picked = await driverOrSkip(name, context)
    const file = join(folderFor(context), 'balsam.db')
    const first = await storeAt(picked, file, context)
    await first.open('first')
    await first.commit(turn(1))
    await first.close()
    const broken = { version: later.version, sql: 'CREATE TABLE more (a); CREATE TABLE reign (a)' }
    const driver = await picked.open({ file, isShared: false })
    await expect(openStore({ driver, file, migrations: [...known, broken] })).rejects.toThrow(
      'reign',
    )
    await driver.close()
    const again = await storeAt(picked, file, context)
    expect((await again.open('again')).lastSeq).toBe(1)
  })

  test('a check tells damage of the file', async (context) => {
    const picked = await driverOrSkip(name, context)
    const file = join(folderFor(context), 'balsam.db')
    const first = await storeAt(picked, file, context)
    await first.open('first')
    const specs = Array.from({ length: 3_000 }, (_, k) => spec(k + 1, k + 1))
    await first.commit(turn(1, { specs }))
    await first.close()
    const bytes = readFileSync(file)
    bytes.fill(0x5a, Math.floor(bytes.length / 2), Math.floor(bytes.length / 2) + 8_192)
    writeFileSync(file, bytes)
    const damaged = await storeAt(picked, file, context)
    const found = await damaged.check().then(
      (verdict) => (verdict.integrity === 'ok' ? 'unseen' : 'told'),
      (error: unknown) => (error instanceof Fault ? error.code : String(error)),
    )
    // SQLite may be unable to read far enough to say more than that.
    expect(['told', 'DATABASE_INVALID']).toContain(found)
  })

  test('a check names what breaks the rules between the tables', async (context) => {
    const store = await newStore(name, context)
    await store.commit(turn(1, { specs: [spec(1, 5, { arrayFirst: 0 })] }))
    const wrong = [{ workflow: 'w', state: 4, count: 7 }]
    const spans = [span(1, 5, { spec: 1 }), span(4, 8, { spec: 1 })]
    await store.catchUp(rows(1, { spans, tallies: wrong }))
    expect((await store.check()).breaches).toEqual([
      'spans 1 and 4 overlap',
      'span 4 has jobs without a spec',
      'the tally of w in state 4 is 7, not 10',
    ])
  })

  test('a list that takes its time holds up no commit and sees no half of it', async (context) => {
    const picked = await driverOrSkip(name, context)
    const file = join(folderFor(context), 'balsam.db')
    const driver = await picked.open({ file, isShared: false })
    const store = await openStore({ driver, file })
    context.onTestFinished(() => store.close())
    await store.open('test')
    const gate = Promise.withResolvers<void>()
    const started = Promise.withResolvers<void>()
    const count = 'SELECT count(*) AS count FROM journal'
    const reading = driver.snapshot(async (all) => {
      const before = await all(count)
      started.resolve()
      await gate.promise
      return [before, await all(count)]
    })
    await started.promise
    await store.commit(turn(1))
    gate.resolve()
    expect(await reading).toEqual([[{ count: 0 }], [{ count: 0 }]])
    expect(await driver.all(count)).toEqual([{ count: 1 }])
  })
})
