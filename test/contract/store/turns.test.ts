// Turns, catch-ups and what a start finds of them: the store's contract, by every driver.

import { statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { ActorRow } from '../../../daemon/store/rows.ts'
import type { AppSpec } from '../../../protocol/job.ts'
import {
  driverNames,
  driverOrSkip,
  folderFor,
  job,
  newStore,
  numberOfState,
  rows,
  span,
  spec,
  storeAt,
  turn,
} from './sites.ts'

const nasty = `it's "quoted" \\ ; -- /* ? */ \0 \u{1f600} ü \n $1 :x @y`

const app: AppSpec = {
  name: nasty,
  executable: 'echo hello,',
  description: '',
  envscript: '',
  environment: { A: nasty },
}

const actor: ActorRow = {
  kind: 'allocation',
  id: 7,
  version: 2,
  body: JSON.stringify({ a: nasty }),
}

describe.each(driverNames)('%s', (name) => {
  test('a new site is empty and its first reign is number 1', async (context) => {
    const store = await storeAt(
      await driverOrSkip(name, context),
      join(folderFor(context), 'balsam.db'),
      context,
    )
    expect(await store.open('me')).toEqual({
      epoch: 1,
      appliedSeq: 0,
      lastSeq: 0,
      nextJobId: 1,
      apps: [],
      spans: [],
      openJobs: [],
      waiting: { edges: [], ends: [] },
      tallies: [],
      actors: [],
      journal: [],
    })
    expect(store.facts).toEqual({ driver: name, journalMode: 'wal' })
  })

  test('the next reign finds all that was committed, to the letter', async (context) => {
    const picked = await driverOrSkip(name, context)
    const file = join(folderFor(context), 'balsam.db')
    const first = await storeAt(picked, file, context)
    await first.open('first')
    const specs = [
      spec(1, 10, { name: 'sim', arrayFirst: 5 }),
      spec(11, 11, { name: nasty, app: nasty, body: nasty }),
    ]
    const written = turn(1, { body: nasty, specs, apps: [app], actors: [actor] })
    await first.commit(written)
    await first.commit(turn(2))
    const spans = [
      span(1, 4, { spec: 1, cpus: null, wallMinutes: 0.5, priority: -1, facts: nasty }),
    ]
    const tallies = [{ workflow: nasty, state: 4, count: 4 }]
    const openJob = job(5, { spec: 1, state: 5, endedAt: null, code: null, signal: 9, log: nasty })
    await first.catchUp(rows(1, { spans, tallies, jobs: [openJob, job(6, { spec: 1 })] }))
    await first.close()

    const second = await storeAt(picked, file, context)
    expect(await second.open('second')).toEqual({
      epoch: 2,
      appliedSeq: 1,
      lastSeq: 2,
      nextJobId: 12,
      apps: [app],
      spans,
      openJobs: [openJob],
      waiting: { edges: [], ends: [] },
      tallies,
      actors: [actor],
      journal: [{ seq: 2, at: turn(2).at, body: turn(2).body }],
    })
    expect(await second.specsOf([3, 11, 12])).toEqual(specs)
    expect(await second.find(6)).toEqual({
      id: 6,
      spec: { lo: 1, hi: 10, workflow: 'w', name: 'sim', app: null, arrayFirst: 5 },
      body: specs[0]?.body,
      row: job(6, { spec: 1 }),
      span: null,
    })
  })

  test('a catch-up removes the records it replaces and keeps the last number', async (context) => {
    const store = await newStore(name, context)
    for (let seq = 1; seq <= 3; seq += 1) await store.commit(turn(seq))
    await store.catchUp(rows(3))
    const site = await store.open('again')
    expect(site.journal).toEqual([])
    expect([site.appliedSeq, site.lastSeq]).toEqual([3, 3])
  })

  test('actors are replaced by their key and forgotten when told', async (context) => {
    const store = await newStore(name, context)
    const other: ActorRow = { ...actor, kind: 'launcher' }
    await store.commit(turn(1, { actors: [actor, other] }))
    const changed = { ...actor, version: 3, body: '{}' }
    await store.commit(
      turn(2, { actors: [changed], forgottenActors: [{ kind: 'launcher', id: 7 }] }),
    )
    expect((await store.open('again')).actors).toEqual([changed])
  })

  test('versions of specs take their place with the catch-up of their turn', async (context) => {
    const store = await newStore(name, context)
    await store.commit(turn(1, { specs: [spec(1, 10, { arrayFirst: 1, name: 'a' })] }))
    const tallies = [{ workflow: 'w', state: numberOfState('PREPROCESSED'), count: 10 }]
    await store.catchUp(rows(1, { spans: [span(1, 10, { spec: 1 })], tallies }))
    const parts = [spec(1, 4), spec(5, 6), spec(7, 10)].map((part) => ({
      ...part,
      name: 'a',
      arrayFirst: part.lo,
      body: JSON.stringify({ priority: part.lo === 5 ? 9 : 0 }),
    }))
    await store.stageChanges(7, parts)
    const urgent = { where: { field: 'priority', op: 'eq', value: 9 } } as const
    await store.commit(turn(2, { settledChanges: [7] }))
    expect(await store.match(urgent)).toEqual([])
    const spans = [span(1, 4, { spec: 1 }), span(5, 6, { spec: 5 }), span(7, 10, { spec: 7 })]
    await store.catchUp(rows(2, { removedSpans: [1], spans }))
    expect(await store.match(urgent)).toEqual([[5, 6]])
    expect((await store.list({}, 6, 1)).jobs[0]?.spec).toMatchObject({ lo: 7, arrayFirst: 7 })
    expect((await store.check()).breaches).toEqual([])
  })

  test('versions that no turn decided are gone at the next start', async (context) => {
    const picked = await driverOrSkip(name, context)
    const file = join(folderFor(context), 'balsam.db')
    const store = await storeAt(picked, file, context)
    await store.open('first')
    await store.commit(turn(1, { specs: [spec(1, 1), spec(2, 2)] }))
    await store.catchUp(rows(1, { jobs: [job(1), job(2)] }))
    await store.stageChanges(1, [spec(1, 1, { name: 'staged' })])
    await store.stageChanges(2, [spec(2, 2, { name: 'decided' })])
    await store.commit(turn(2, { settledChanges: [2] }))
    await store.close()
    const next = await storeAt(picked, file, context)
    await next.open('second')
    await next.catchUp(rows(2))
    const { jobs } = await next.list({ ids: [1, 2] }, 0, 9)
    expect(jobs.map((each) => each.spec.name)).toEqual(['job1', 'decided'])
  })

  test('notes are added to the histories of ended jobs, once', async (context) => {
    const store = await newStore(name, context)
    await store.commit(turn(1, { specs: [spec(1, 1), spec(2, 2)] }))
    const open = job(2, { state: numberOfState('RUNNING'), log: '[[1,"X"]]' })
    await store.catchUp(rows(1, { jobs: [job(1, { log: '[[1,"X"]]' }), open] }))
    await store.catchUp(rows(2, { notes: [[1, 2, `[2,"MODIFIED","it's"]`]] }))
    const { jobs } = await store.list({ ids: [1, 2] }, 0, 9)
    expect(jobs.map((each) => each.row?.log)).toEqual([
      `[[1,"X"],[2,"MODIFIED","it's"]]`,
      '[[1,"X"]]',
    ])
  })

  test('a submission is found again by its key, and its key is used once', async (context) => {
    const store = await newStore(name, context)
    const submission = { key: nasty, digest: 'd', receipt: '{"total":1}' }
    await store.commit(turn(1, { submissions: [submission] }))
    expect(await store.submission(nasty)).toEqual(submission)
    expect(await store.submission('another')).toBeNull()
    await expect(store.commit(turn(2, { submissions: [submission] }))).rejects.toThrow('UNIQUE')
    expect((await store.open('again')).lastSeq).toBe(1)
  })

  test('a turn whose last statement fails leaves nothing behind', async (context) => {
    const store = await newStore(name, context)
    const key = { key: 'k', digest: 'd', receipt: '{}' }
    await store.commit(turn(1, { submissions: [key] }))
    const refused = turn(2, {
      specs: [spec(1, 5)],
      apps: [app],
      actors: [actor],
      submissions: [key],
    })
    await expect(store.commit(refused)).rejects.toThrow('UNIQUE')
    await store.commit(turn(2))
    const site = await store.open('again')
    expect([site.apps, site.actors, site.nextJobId]).toEqual([[], [], 1])
    expect(await store.check()).toEqual({ integrity: 'ok', breaches: [] })
  })

  test('jobs are seen once the catch-up has put them down, not before', async (context) => {
    const store = await newStore(name, context)
    await store.commit(turn(1, { specs: [spec(1, 1, { name: 'a', app: 'A' })] }))
    expect((await store.list({ name: 'a' }, 0, 10)).total).toBe(0)
    expect((await store.counts({ application: 'A' })).total).toBe(0)
    await store.catchUp(
      rows(1, { spans: [span(1, 1)], tallies: [{ workflow: 'w', state: 4, count: 1 }] }),
    )
    expect((await store.list({ name: 'a' }, 0, 10)).total).toBe(1)
    expect((await store.counts({ application: 'A' })).total).toBe(1)
  })

  test('a span that is split keeps every job', async (context) => {
    const store = await newStore(name, context)
    await store.commit(turn(1, { specs: [spec(1, 100, { name: 's', arrayFirst: 1 })] }))
    const waiting = (count: number) => ({ workflow: 'w', state: 4, count })
    await store.catchUp(rows(1, { spans: [span(1, 100, { spec: 1 })], tallies: [waiting(100)] }))
    await store.commit(turn(2))
    await store.catchUp(
      rows(2, {
        removedSpans: [1],
        spans: [span(1, 49, { spec: 1 }), span(51, 100, { spec: 1 })],
        jobs: [job(50, { spec: 1 })],
        tallies: [waiting(99), { workflow: 'w', state: 8, count: 1 }],
      }),
    )
    expect(await store.check()).toEqual({ integrity: 'ok', breaches: [] })
    expect(await store.match({})).toEqual([[1, 100]])
    expect(await store.match({ states: ['PREPROCESSED'] })).toEqual([
      [1, 49],
      [51, 100],
    ])
    const page = await store.list({}, 48, 4)
    expect(page.jobs.map((each) => [each.id, each.row?.id ?? null])).toEqual([
      [49, null],
      [50, 50],
      [51, null],
      [52, null],
    ])
    expect([page.total, page.next]).toEqual([100, 52])
  })

  test('ids of removed jobs are never given out again', async (context) => {
    const store = await newStore(name, context)
    await store.commit(turn(1, { specs: [spec(1, 10, { arrayFirst: 0 })] }))
    await store.catchUp(rows(1, { spans: [span(1, 10, { spec: 1 })] }))
    await store.commit(turn(2))
    await store.catchUp(rows(2, { removedSpans: [1], removedSpecs: [1] }))
    expect((await store.open('again')).nextJobId).toBe(11)
    expect(await store.find(3)).toBeNull()
    expect(await store.specsOf([3])).toEqual([])
  })

  test('unsettled specs are gone at the next start, their ids for good', async (context) => {
    const store = await newStore(name, context)
    const block = { lo: 1, hi: 100 }
    await store.stage(block, [spec(1, 1), spec(2, 2)])
    await store.stage(block, [spec(3, 3)])
    await store.stage({ lo: 101, hi: 101 }, [spec(101, 101)])
    await store.commit(turn(1, { settledBlocks: [101] }))
    const site = await store.open('again')
    expect(site.nextJobId).toBe(102)
    expect(await store.specsOf([1, 2, 3])).toEqual([])
    expect(await store.specsOf([101])).toEqual([spec(101, 101)])
    await store.catchUp(
      rows(1, { spans: [span(101, 101)], tallies: [{ workflow: 'w', state: 4, count: 1 }] }),
    )
    expect(await store.check()).toEqual({ integrity: 'ok', breaches: [] })
  })

  test('staged specs are not seen, and are gone when they are unstaged', async (context) => {
    const store = await newStore(name, context)
    await store.stage({ lo: 1, hi: 2 }, [spec(1, 1, { name: 'a', app: 'A' }), spec(2, 2)])
    expect((await store.list({ application: 'A' }, 0, 10)).total).toBe(0)
    await store.unstage([1])
    expect(await store.specsOf([1, 2])).toEqual([])
    expect((await store.open('again')).nextJobId).toBe(3)
  })

  test('a backup made while the site is written is a whole site', async (context) => {
    const picked = await driverOrSkip(name, context)
    const folder = folderFor(context)
    const store = await storeAt(picked, join(folder, 'balsam.db'), context)
    await store.open('test')
    await store.commit(turn(1))
    const copying = store.backup(join(folder, 'copy.db'))
    for (let seq = 2; seq <= 20; seq += 1) await store.commit(turn(seq))
    expect(await copying).toBe(statSync(join(folder, 'copy.db')).size)
    const copy = await storeAt(picked, join(folder, 'copy.db'), context)
    const site = await copy.open('copy')
    expect(site.journal.map((each) => each.seq)).toEqual(
      Array.from({ length: site.lastSeq }, (_, index) => index + 1),
    )
    expect(await copy.check()).toEqual({ integrity: 'ok', breaches: [] })
    for (const file of ['copy.db', 'no/such/folder/copy.db']) {
      await expect(store.backup(join(folder, file))).rejects.toMatchObject({ code: 'BAD_FIELD' })
    }
  })

  test('a network file system gets a rollback journal, and the same answers', async (context) => {
    const picked = await driverOrSkip(name, context)
    const file = join(folderFor(context), 'balsam.db')
    const store = await storeAt(picked, file, context, true)
    await store.open('test')
    expect(store.facts.journalMode).toBe('delete')
    const pages: number[] = []
    for (let seq = 1; seq <= 5; seq += 1) {
      await Promise.all([
        store.commit(turn(seq, { specs: [spec(seq, seq)] })),
        store.catchUp(
          rows(seq, {
            spans: [span(seq, seq)],
            tallies: [{ workflow: 'w', state: 4, count: seq }],
          }),
        ),
        store.list({}, 0, 10).then((page) => pages.push(page.total)),
      ])
    }
    expect(pages).toHaveLength(5)
    expect(await store.match({})).toEqual([[1, 5]])
    expect(await store.check()).toEqual({ integrity: 'ok', breaches: [] })
    await expect(storeAt(picked, file, context, true)).rejects.toMatchObject({
      code: 'STORAGE_REFUSED',
    })
  })
})
