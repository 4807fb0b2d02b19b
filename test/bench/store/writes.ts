// What a turn costs: commits, catch-ups and submissions of different jobs, per driver.
// Run: node test/bench/store/writes.ts [driver]. Must never measure without fsync.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type DriverPreference, pickDriver } from '../../../daemon/store/drivers/pick.ts'
import { openStore } from '../../../daemon/store/open-store.ts'
import type { Store } from '../../../daemon/store/store.ts'
import { bodyOf, endedJob } from './shapes.ts'

const noTurn = {
  at: 0,
  body: '[]',
  specs: [],
  apps: [],
  actors: [],
  forgottenActors: [],
  submissions: [],
  edges: [],
  settledBlocks: [],
  settledChanges: [],
  forgottenApps: [],
}

const noRows = {
  jobs: [],
  removedJobs: [],
  removedSpans: [],
  spans: [],
  removedSpecs: [],
  edges: [],
  removedRanges: [],
  notes: [],
  tallies: [],
}

/** Wall and CPU ms of each piece, as medians and 95th percentiles. */
async function timed(
  name: string,
  count: number,
  work: (index: number) => Promise<void>,
): Promise<void> {
  const walls: number[] = []
  const before = process.cpuUsage()
  for (let index = 0; index < count; index += 1) {
    const startedAt = performance.now()
    await work(index)
    walls.push(performance.now() - startedAt)
  }
  const { user, system } = process.cpuUsage(before)
  const sorted = walls.sort((a, b) => a - b)
  const [median = 0, p95 = 0] = [sorted[Math.floor(count / 2)], sorted[Math.floor(count * 0.95)]]
  const cpu = (user + system) / 1_000 / count
  console.log(
    `${name.padEnd(44)} median ${median.toFixed(2)} ms, ` +
      `p95 ${p95.toFixed(2)} ms, CPU ${cpu.toFixed(2)} ms`,
  )
}

async function measure(store: Store): Promise<void> {
  let seq = 0
  await timed('commit, small record', 300, () => store.commit({ ...noTurn, seq: ++seq }))
  const record = JSON.stringify(
    Array.from({ length: 1_000 }, (_, k) => ['EXITED', k, 1, 0, 0, 5, 1, 1, 2048]),
  )
  await timed('commit, record of 1,000 exits', 200, () =>
    store.commit({ ...noTurn, seq: ++seq, body: record }),
  )
  let id = 1
  await timed('catch-up of 2,000 new job rows', 50, () => {
    const jobs = Array.from({ length: 2_000 }, () => endedJob(id++, 1))
    return store.catchUp({ ...noRows, seq, jobs })
  })
  id = 1
  await timed('catch-up of 2,000 changed job rows', 50, () => {
    const jobs = Array.from({ length: 2_000 }, () => endedJob(id++, 1))
    return store.catchUp({ ...noRows, seq, jobs })
  })
  let lo = 1_000_000
  const first = lo
  await timed('stage of 2,000 different specs', 50, () => {
    const specs = Array.from({ length: 2_000 }, () => {
      const name = `job${lo}`
      return { lo, hi: lo++, workflow: 'w', name, app: 'A', arrayFirst: null, body: bodyOf(name) }
    })
    return store.stage({ lo: first, hi: first + 99_999 }, specs)
  })
  await timed('commit that settles them', 1, () =>
    store.commit({ ...noTurn, seq: ++seq, settledBlocks: [first] }),
  )
}

async function run(preference: DriverPreference): Promise<void> {
  const picked = await pickDriver({ preference })
  const folder = mkdtempSync(join(tmpdir(), 'balsam-bench-'))
  const file = join(folder, 'balsam.db')
  try {
    const store = await openStore({ driver: await picked.open({ file, isShared: false }), file })
    await store.open('bench')
    console.log(picked.name)
    await measure(store)
    await store.close()
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const names = process.argv[2] === undefined ? ['sqlite3', 'node:sqlite'] : [process.argv[2]]
// An unknown name ends in pickDriver as 'auto' would.
for (const name of names) await run(name as DriverPreference)
