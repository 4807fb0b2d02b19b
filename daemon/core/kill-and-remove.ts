// Kill and rm by filter. Which jobs are meant is read from the tables; what is done to each is
// decided from its state at the moment of deciding.
import type { KillReceipt, RemoveReceipt } from '../../protocol/calls.ts'
import { fault } from '../../protocol/faults.ts'
import type { JobFilter, JobId } from '../../protocol/job.ts'
import { limits } from '../../protocol/limits.ts'
import { isEndState, stateOf } from '../../protocol/states.ts'
import { type Core, sinkOf } from './core.ts'
import { openIn } from './open-in.ts'
import type { OpenJob } from './open-job.ts'
import { isAnyWaiting } from './parents.ts'
import type { EndedCount } from './records.ts'
import { inSequence } from './sequence.ts'
import { isEnd, killedState } from './steps.ts'
import { decide } from './turn.ts'
import { type JobRange, merged } from './wait-graph.ts'
import { without } from './waits.ts'

/**
 * Kills what matches and has not ended, with what waits for it where that is asked for; running
 * tasks get TERM, and KILL after the grace.
 */
export async function killJobs(
  core: Core,
  filter: JobFilter,
  graceMs: number | null,
  isRecursive: boolean,
): Promise<KillReceipt> {
  await core.settled()
  const ranges = await core.store.match(filter)
  if (ranges.length === 0) throw fault('NOTHING_MATCHED')
  return core.loop.ask('kill', (turn) => {
    const all = isRecursive ? withDescendants(core, ranges) : ranges
    const matched = all.reduce((sum, [first, last]) => sum + last - first + 1, 0)
    let killed = 0
    const sink = sinkOf(core, turn)
    const grace = graceMs ?? core.killGraceMs
    turn.killGraceMs = Math.min(turn.killGraceMs ?? grace, grace)
    decide(core.site, turn, ['kill', all.flat()], {
      ...sink,
      moved(workflow, first, last, from, to) {
        if (to === killedState) killed += last - first + 1
        sink.moved(workflow, first, last, from, to)
      },
    })
    return { schema: 'balsam.kill/1', killed, already_ended: matched - killed }
  })
}

type Range = readonly [first: JobId, last: JobId]

/** The same jobs and all that wait for them, each once. */
function withDescendants({ site }: Core, ranges: readonly Range[]): readonly Range[] {
  const matched = ranges.map(([lo, hi]) => ({ lo, hi }))
  const waiting = site.dag.descendants(matched, (range) => isAnyWaiting(site, range))
  return merged([...matched, ...waiting], () => true).map(({ lo, hi }) => [lo, hi])
}

/** A job that others wait for stays, unless these go with it. */
function refuseNeeded({ site }: Core, plan: RemovalPlan): void {
  const flat = [...pairs(plan.ended), ...pairs(plan.waiting)]
  const removed = merged(
    flat.map(([lo, hi]) => ({ lo, hi })),
    () => true,
  ).map(({ lo, hi }): Range => [lo, hi])
  for (const [first, last] of removed) {
    for (const waiter of site.dag.waitersOf(first, last)) {
      for (const [lo, hi] of without([[waiter.lo, waiter.hi]], overlapping(removed, waiter)))
        if (isAnyWaiting(site, { lo, hi })) throw fault('PARENT_NEEDED', { child: lo })
    }
  }
}

/** Those of sorted ranges that reach into this one. */
function overlapping(ranges: readonly Range[], { lo, hi }: JobRange): readonly Range[] {
  return ranges.filter(([first, last]) => first <= hi && last >= lo)
}

/** Looks again this often when jobs ended between the look and the decision. */
const removalRoundsMax = 10

/** Removes what matches; refused as a whole when one of them runs. Working directories stay. */
export async function removeJobs(
  core: Core,
  filter: JobFilter,
  isDryRun: boolean,
): Promise<RemoveReceipt> {
  // One at a time: ended jobs are known to the tables only, and two plans would count them twice.
  return inSequence(core.sequences, 'remove', async () => {
    for (let round = 0; round < removalRoundsMax; round += 1) {
      await core.settled()
      const plan = await planRemoval(core, filter)
      if (plan.total === 0) throw fault('NOTHING_MATCHED')
      if (isDryRun) return { schema: 'balsam.remove/1', removed: plan.total, dry_run: true }
      if (await remove(core, plan))
        return { schema: 'balsam.remove/1', removed: plan.total, dry_run: false }
    }
    throw fault('BAD_REQUEST', { what: 'the jobs are ending just now; try again' })
  })
}

/** Decides the removal; false when a job has ended since it was planned. */
function remove(core: Core, plan: RemovalPlan): Promise<boolean> {
  return core.loop.ask('remove', (turn) => {
    for (const [first, last] of pairs(plan.ended)) refuseLeased(openIn(core.site, first, last))
    let waiting = 0
    for (const [first, last] of pairs(plan.waiting)) {
      const open = openIn(core.site, first, last)
      refuseLeased(open)
      waiting += open.length
      for (const part of core.site.spans.overlapping(first, last))
        waiting += part.last - part.first + 1
    }
    if (waiting !== sizeOf(plan.waiting)) return false
    refuseNeeded(core, plan)
    const { ended, counts, specs } = plan
    decide(core.site, turn, ['remove', ended, counts, plan.waiting, specs], sinkOf(core, turn))
    return true
  })
}

/** A task may still run: that of a job that runs, or of a killed one within its grace. */
function refuseLeased(jobs: readonly OpenJob[]): void {
  for (const { id, token, state } of jobs) {
    if (token === 0) continue
    const what = isEnd(state) ? 'is still being ended; try again soon' : 'is running; kill it first'
    throw fault('BAD_REQUEST', { what: `job ${id} ${what}` })
  }
}

function sizeOf(flat: readonly JobId[]): number {
  return pairs(flat).reduce((sum, [first, last]) => sum + last - first + 1, 0)
}

interface RemovalPlan {
  /** Flat (first, last) of ended jobs. */
  readonly ended: JobId[]
  readonly counts: EndedCount[]
  /** Flat (first, last) of the others. */
  readonly waiting: JobId[]
  /** Flat (first, last) of specs whose only job is removed. */
  readonly specs: JobId[]
  readonly total: number
}

async function planRemoval(core: Core, filter: JobFilter): Promise<RemovalPlan> {
  const ended: JobId[] = []
  const waiting: JobId[] = []
  const specs: JobId[] = []
  const counts = new Map<string, [string, number, number]>()
  let total = 0
  let after: JobId | null = 0
  while (after !== null) {
    const page = await core.store.list(filter, after, limits.pageJobsMax)
    for (const job of page.jobs) {
      total += 1
      if (job.spec.lo === job.spec.hi) extend(specs, job.spec.lo)
      if (job.row === null || !isEndState(stateOf(job.row.state))) {
        extend(waiting, job.id)
        continue
      }
      extend(ended, job.id)
      const key = `${job.row.state} ${job.spec.workflow}`
      const count = counts.get(key) ?? [job.spec.workflow, job.row.state, 0]
      count[2] += 1
      counts.set(key, count)
    }
    after = page.next
  }
  return { ended, counts: [...counts.values()], waiting, specs, total }
}

/** Adds an id to flat (first, last) ranges in order of id. */
function extend(flat: JobId[], id: JobId): void {
  if (flat.length > 0 && flat.at(-1) === id - 1) flat[flat.length - 1] = id
  else flat.push(id, id)
}

function pairs(flat: readonly JobId[]): (readonly [JobId, JobId])[] {
  const found: (readonly [JobId, JobId])[] = []
  for (let index = 0; index < flat.length; index += 2)
    found.push([flat[index] ?? 0, flat[index + 1] ?? 0])
  return found
}
