// Waits and tallies by filter: counts that are right at one turn, then kept by the transitions.
import type { WaitProgress } from '../../protocol/calls.ts'
import { fault } from '../../protocol/faults.ts'
import type { JobFilter, JobId, StateCounts } from '../../protocol/job.ts'
import { jobStates } from '../../protocol/states.ts'
import type { WaitListener } from '../links/door.ts'
import type { Core } from './core.ts'
import { openIn } from './open-in.ts'
import type { WatchHandle } from './watches.ts'

type Ranges = readonly (readonly [first: JobId, last: JobId])[]

/** Starts a wait; returns what ends it early. */
export function startWait(core: Core, filter: JobFilter, listener: WaitListener): () => void {
  let isOver = false
  let end: (() => void) | null = null
  begin(core, filter, (progress) => {
    if (!isOver) listener.onProgress(progress)
  }).then(
    (stop) => {
      if (isOver) stop()
      else end = stop
    },
    (error: unknown) => {
      if (!isOver) listener.onFault(error)
    },
  )
  return () => {
    isOver = true
    end?.()
  }
}

type OnProgress = (progress: WaitProgress) => void

async function begin(core: Core, filter: JobFilter, onProgress: OnProgress): Promise<() => void> {
  const keys = Object.keys(filter)
  if (keys.length === 0 || (keys.length === 1 && filter.workflow !== undefined)) {
    return waitForWorkflow(core, filter.workflow ?? null, onProgress)
  }
  const isById = keys.every((key) => key === 'ids' || key === 'ranges')
  if (!isById) await core.settled()
  const ranges = isById ? normalise(filter) : await core.store.match(filter)
  if (ranges.length === 0) throw fault('NOTHING_MATCHED')
  return waitForRanges(core, ranges, onProgress)
}

function waitForWorkflow(
  core: Core,
  workflow: string | null,
  onProgress: OnProgress,
): Promise<() => void> {
  return core.loop.ask('wait', () => {
    const counts = numbersOf(core.site.tallies.states(workflow))
    if (counts.every((count) => count === 0)) throw fault('NOTHING_MATCHED')
    return core.watches.start({ workflow }, counts, onProgress, true).stop
  })
}

/**
 * Counts what is in memory now and watches it; jobs that are not have ended, and their counts may
 * be read a little later. Or they never were: those that come into being are told to the watch.
 */
async function waitForRanges(
  core: Core,
  ranges: Ranges,
  onProgress: OnProgress,
): Promise<() => void> {
  const { missing, watch } = await core.loop.ask('wait', () => {
    const { counts, present } = countInMemory(core, ranges)
    const absent = without(upTo(core.counters.jobsEnd() - 1, ranges), present)
    if (absent.length === 0 && present.length === 0) throw fault('NOTHING_MATCHED')
    return {
      missing: absent,
      watch: core.watches.start({ ranges }, counts, onProgress, absent.length === 0),
    }
  })
  if (missing.length === 0) return watch.stop
  const { total, states } = await countEnded(core, missing, watch)
  if (total === 0 && !watch.hasJobs()) {
    watch.stop()
    throw fault('NOTHING_MATCHED')
  }
  watch.complete(numbersOf(states))
  return watch.stop
}

/** Counts of these jobs in the store, but for those that the watch has counted meanwhile. */
async function countEnded(
  core: Core,
  ranges: Ranges,
  watch: WatchHandle,
): Promise<{ readonly total: number; readonly states: StateCounts }> {
  for (;;) {
    const born = watch.born()
    await core.settled()
    const sorted = born.toSorted((one, other) => one[0] - other[0])
    const ended = without(ranges, sorted)
    if (ended.length === 0) return { total: 0, states: {} }
    const counts = await core.store.counts({ ranges: ended })
    // The store knows of no job that the watch was not told of before. That it was meanwhile is
    // rare and happens a few times at most: such ids were reserved when the wait began.
    if (watch.born().length === born.length) return counts
  }
}

/** What of ranges is not above `last`. */
function upTo(last: JobId, ranges: Ranges): [JobId, JobId][] {
  return ranges.flatMap(([from, to]) => (from > last ? [] : [[from, Math.min(to, last)]]))
}

function countInMemory(
  core: Core,
  ranges: Ranges,
): { counts: number[]; present: [JobId, JobId][] } {
  const counts = new Array<number>(jobStates.length).fill(0)
  const present: [JobId, JobId][] = []
  const add = (state: number, first: JobId, last: JobId): void => {
    counts[state] = (counts[state] ?? 0) + last - first + 1
    present.push([first, last])
  }
  for (const [first, last] of ranges) {
    for (const part of core.site.spans.overlapping(first, last))
      add(part.span.state, part.first, part.last)
    for (const job of openIn(core.site, first, last)) add(job.state, job.id, job.id)
  }
  return { counts, present: present.toSorted((one, other) => one[0] - other[0]) }
}

/** What of sorted ranges is not in sorted parts of them. */
export function without(ranges: Ranges, parts: Ranges): [JobId, JobId][] {
  const left: [JobId, JobId][] = []
  let part = 0
  for (const [first, last] of ranges) {
    let next = first
    for (; part < parts.length && (parts[part]?.[0] ?? 0) <= last; part += 1) {
      const [from, to] = parts[part] ?? [0, 0]
      if (from > next) left.push([next, from - 1])
      next = to + 1
    }
    if (next <= last) left.push([next, last])
  }
  return left
}

/** The ids of a filter as ranges in order, each id once. */
function normalise(filter: JobFilter): Ranges {
  const all = [...(filter.ids ?? []).map((id) => [id, id] as const), ...(filter.ranges ?? [])]
  const ranges: [JobId, JobId][] = []
  for (const [first, last] of all.toSorted((one, other) => one[0] - other[0])) {
    const before = ranges.at(-1)
    if (before !== undefined && first <= before[1] + 1) before[1] = Math.max(before[1], last)
    else ranges.push([first, last])
  }
  return ranges
}

function numbersOf(states: StateCounts): number[] {
  const counts = new Array<number>(jobStates.length).fill(0)
  for (const [number, state] of jobStates.entries()) counts[number] = states[state] ?? 0
  return counts
}
