// Retry by filter: ended jobs run again under the same ids, maybe with more memory and time.
// Goes on in slices, so that a hundred thousand failed jobs hold nobody up.
import type { RetryReceipt, RetryRequest } from '../../protocol/calls.ts'
import { fault } from '../../protocol/faults.ts'
import type { JobId, JobRequest } from '../../protocol/job.ts'
import { limits } from '../../protocol/limits.ts'
import { endStates, isEndState, stateOf } from '../../protocol/states.ts'
import { changedRequest } from '../../protocol/validation/changes.ts'
import type { JobRow } from '../store/rows.ts'
import type { Ranges } from '../store/store.ts'
import { type Core, decideIn } from './core.ts'
import { decideChange, settleChange, sizeOf } from './modify.ts'
import { openIn } from './open-in.ts'
import { type ChangePlan, type Edit, planChange, stageChange } from './plan-change.ts'
import { isAwaited, reviveRecord, shapesOfRows } from './revive.ts'
import { inSequence } from './sequence.ts'
import { isEnd } from './steps.ts'
import { fromStore } from './stored-json.ts'
import type { HistoryRecord } from './views.ts'
import { planWaits, waitsOf } from './wait-again.ts'

/** Looks again this often when jobs change between the look and the decision. */
const roundsMax = 10

/** Runs ended jobs that match again. With isDryRun it only counts. */
export async function retryJobs(core: Core, request: RetryRequest): Promise<RetryReceipt> {
  return inSequence(core.sequences, 'remove', async () => {
    await core.settled()
    const { filter, isDryRun = false } = request
    const states = (filter.states ?? endStates).filter(isEndState)
    const ranges = await core.store.match({ ...filter, states })
    if (ranges.length === 0) throw fault('NOTHING_MATCHED')
    const causes = new Map<string, number>()
    let retried = 0
    let left = ranges
    while (left.length > 0) {
      const rows = await core.store.endedIn(left, limits.retrySliceJobs)
      const last = rows.length < limits.retrySliceJobs ? null : (rows.at(-1)?.id ?? null)
      const part = last === null ? left : upTo(left, last)
      left = last === null ? [] : beyond(left, last)
      const spanned = sizeOf(part) - rows.length
      for (const row of rows) count(causes, causeOf(row), 1)
      if (spanned > 0) count(causes, 'killed by the user', spanned)
      retried += sizeOf(part)
      if (!isDryRun) await retrySlice(core, request, part, ranges)
    }
    return {
      schema: 'balsam.retry/1',
      retried,
      causes: Object.fromEntries([...causes].toSorted((one, other) => other[1] - one[1])),
      dry_run: isDryRun,
    }
  })
}

function count(causes: Map<string, number>, cause: string, more: number): void {
  causes.set(cause, (causes.get(cause) ?? 0) + more)
}

/** Why a job ended, in words of its history. */
function causeOf(row: JobRow): string {
  const state = stateOf(row.state)
  if (state === 'USER_KILLED') return 'killed by the user'
  if (state === 'JOB_FINISHED') return 'finished'
  const records = fromStore<readonly HistoryRecord[]>(row.log)
  const end = records.findLast(([, event]) => event !== 'MODIFIED')
  const [, event, ...args] = end ?? [0, '']
  const reason = String(args[event.startsWith('ATTEMPT_') ? 7 : 0] ?? '')
  if (reason !== '' && Number.isNaN(Number(reason))) return reason
  if (row.signal !== null) return `signal ${row.signal}`
  return row.code === null ? event.toLowerCase().replaceAll('_', ' ') : `exit code ${row.code}`
}

/** `all`: the jobs of the whole retry. */
async function retrySlice(
  core: Core,
  request: RetryRequest,
  ranges: Ranges,
  all: Ranges,
): Promise<void> {
  for (let round = 0; round < roundsMax; round += 1) {
    const rows = (await core.store.endedIn(ranges, limits.retrySliceJobs)).filter(
      (row) => !isAwaited(row),
    )
    const shapes = await shapesOfRows(core, rows)
    const waitPlan = await planWaits(core, ranges)
    const plan = await planFactors(core, request, ranges)
    const batch = await stageChange(core, plan)
    const isDone = await core.loop.ask('retry', (turn) => {
      if (!isComplete(core, ranges, rows)) return false
      const waits = waitsOf(core.site, waitPlan, ranges, { rows, all }, false)
      if (waits === null) return false
      if (rows.length > 0) decideIn(core, turn, reviveRecord(rows, shapes))
      decideChange(core, turn, plan, batch, describe(request), true)
      decideIn(core, turn, ['retry', 'to run again, by the user', ranges.flat()])
      if (waits.beginning.length > 0)
        decideIn(core, turn, ['parents', [], waits.beginning, waits.edges])
      return true
    })
    if (isDone) return settleChange(core, plan)
    await core.store.dropChanges(batch)
    await core.settled()
  }
  throw fault('BAD_REQUEST', { what: 'the jobs are changing just now; try again' })
}

function describe({ memoryFactor = 1, timeFactor = 1 }: RetryRequest): string {
  const parts = [
    ...(memoryFactor === 1 ? [] : [`memory × ${memoryFactor}`]),
    ...(timeFactor === 1 ? [] : [`time × ${timeFactor}`]),
  ]
  return parts.join(', ')
}

async function planFactors(
  core: Core,
  { memoryFactor = 1, timeFactor = 1 }: RetryRequest,
  ranges: Ranges,
): Promise<ChangePlan> {
  if (memoryFactor === 1 && timeFactor === 1) return { specs: [], parts: [], shapes: [] }
  const edit: Edit = (request: JobRequest) => {
    const { memoryMiB } = request.resources
    return changedRequest(
      request,
      {
        wallTimeMinutes: request.wallTimeMinutes * timeFactor,
        ...(memoryMiB === undefined
          ? {}
          : { resources: { memoryMiB: Math.ceil(memoryMiB * memoryFactor) } }),
      },
      false,
    )
  }
  return planChange(core, ranges, edit)
}

/** Is every job of these ranges still ended, and in memory or among these rows? */
function isComplete(core: Core, ranges: Ranges, rows: readonly JobRow[]): boolean {
  let known = rows.filter(({ id }) => !core.site.open.has(id)).length
  for (const [first, last] of ranges) {
    for (const part of core.site.spans.overlapping(first, last)) {
      if (isEnd(part.span.state)) known += part.last - part.first + 1
    }
    for (const job of openIn(core.site, first, last)) if (isEnd(job.state)) known += 1
  }
  return known === sizeOf(ranges)
}

function upTo(ranges: Ranges, id: JobId): Ranges {
  return ranges.flatMap(([first, last]) =>
    first > id ? [] : [[first, Math.min(last, id)] as const],
  )
}

function beyond(ranges: Ranges, id: JobId): Ranges {
  return ranges.flatMap(([first, last]) =>
    last <= id ? [] : [[Math.max(first, id + 1), last] as const],
  )
}
