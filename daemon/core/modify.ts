// Modify by filter: all matching jobs or none. Which jobs are meant and what they come to is read
// and computed ahead; the turn that decides looks whether that still holds.
import { jobTable } from '../../machines/tables.ts'
import type { ModifyReceipt, ModifyRequest } from '../../protocol/calls.ts'
import { fault } from '../../protocol/faults.ts'
import type { JobId, LeaseToken } from '../../protocol/job.ts'
import { limits } from '../../protocol/limits.ts'
import { stateNumber, stateOf } from '../../protocol/states.ts'
import { changedRequest, describeChanges } from '../../protocol/validation/changes.ts'
import type { JobRow } from '../store/rows.ts'
import type { Ranges } from '../store/store.ts'
import { type Core, decideIn } from './core.ts'
import { dropTemplates } from './launcher-templates.ts'
import { openIn } from './open-in.ts'
import { type ChangePlan, planChange, stageChange } from './plan-change.ts'
import { isAwaited, reviveRecord, shapesOfRows } from './revive.ts'
import { inSequence } from './sequence.ts'
import { killedState } from './steps.ts'
import { appOfRequest } from './submit.ts'
import type { Turn } from './turn.ts'
import { planWaits, waitsOf } from './wait-again.ts'

/** Looks again this often when jobs ended between the look and the decision. */
const roundsMax = 10

/**
 * Changes what matches. Faults tell which job can't be changed so; then none was. `asker`: token of
 * the task that asks, which a forced state doesn't end.
 */
export async function modifyJobs(
  core: Core,
  request: ModifyRequest,
  asker: LeaseToken = 0,
): Promise<ModifyReceipt> {
  // One at a time, and not beside removals: ended jobs are known to the tables only.
  return inSequence(core.sequences, 'remove', async () => {
    for (let round = 0; round < roundsMax; round += 1) {
      await core.settled()
      const ranges = await core.store.match(request.filter)
      const modified = sizeOf(ranges)
      if (modified === 0) throw fault('NOTHING_MATCHED')
      const isDryRun = request.isDryRun ?? false
      const receipt: ModifyReceipt = { schema: 'balsam.modify/1', modified, dry_run: isDryRun }
      if (await modifyRanges(core, request, ranges, asker)) return receipt
    }
    throw fault('BAD_REQUEST', { what: 'the jobs are ending just now; try again' })
  })
}

/** False when a job has ended since the look. */
async function modifyRanges(
  core: Core,
  request: ModifyRequest,
  ranges: Ranges,
  asker: LeaseToken,
): Promise<boolean> {
  const { changes, isReplacing = false, isDryRun = false } = request
  const { state, ...fields } = changes
  const plan =
    Object.keys(fields).length === 0
      ? { specs: [], parts: [], shapes: [] }
      : await planChange(core, ranges, (before) => {
          const after = changedRequest(before, fields, isReplacing)
          // Only refuses: what the app gives was written into the request when it was submitted.
          appOfRequest(core, after)
          return after
        })
  const ended = state === undefined ? [] : await endedRows(core, ranges)
  const shapes = await shapesOfRows(core, ended)
  const waitPlan = await planWaits(core, state === 'AWAITING_PARENTS' ? ranges : [])
  const look = (): boolean => {
    if (changes.name !== undefined || changes.workflow !== undefined) refuseStarted(core, ranges)
    if (state === undefined) return true
    refuseState(core, request, ranges, ended)
    return isComplete(core, ranges, ended)
  }
  if (isDryRun) return core.loop.ask('modify (dry run)', look)
  const batch = await stageChange(core, plan)
  const isDone = await core.loop
    .ask('modify', (turn) => {
      if (!look()) return false
      const waits = waitsOf(core.site, waitPlan, ranges, { rows: [], all: [] }, true)
      if (waits === null) return false
      if (ended.length > 0 && state !== undefined) {
        decideIn(core, turn, reviveRecord(ended, shapes))
      }
      decideChange(core, turn, plan, batch, describeWithMessage(request), isRunChanged(fields))
      if (state !== undefined) {
        // Who is set to wait is released at once unless there is something to wait for; and fails
        // only if it waits already when its parents' failure is told.
        const { edges } = waits
        if (waits.beginning.length > 0) decideIn(core, turn, ['parents', [], [], edges])
        decideIn(core, turn, ['force', ranges.flat(), state, request.message ?? '', asker])
        if (edges.failed.length > 0)
          decideIn(core, turn, ['parents', [], [], { ...edges, edges: [] }])
      }
      return true
    })
    .catch(async (error: unknown) => {
      await core.store.dropChanges(batch)
      throw error
    })
  if (isDone) await settleChange(core, plan)
  else await core.store.dropChanges(batch)
  return isDone
}

/** Decides a planned and staged change of specs. */
export function decideChange(
  core: Core,
  turn: Turn,
  plan: ChangePlan,
  batch: number,
  what: string,
  isRun: boolean,
): void {
  if (plan.parts.length === 0) return
  core.specs.change(plan.specs)
  dropTemplates(core, plan.specs)
  turn.settledChanges.push(batch)
  decideIn(core, turn, ['modify', what, plan.parts, plan.shapes, isRun])
}

/** Waits until the tables show the change; then the new specs can be read from there. */
export async function settleChange(core: Core, plan: ChangePlan): Promise<void> {
  if (plan.parts.length === 0) return
  await core.settled()
  core.specs.settle(plan.specs)
}

function describeWithMessage(request: ModifyRequest): string {
  const what = describeChanges(request.changes)
  const { message = '' } = request
  return message === '' ? what : `${what}: ${message}`
}

/** Fields that a task which waits at a launcher need not know. */
const quietFields = ['tags', 'data', 'description', 'priority', 'maxRetries', 'retryOn']

function isRunChanged(fields: object): boolean {
  return Object.keys(fields).some((field) => !quietFields.includes(field))
}

/** Working directories bear names: those of jobs that have one must stay. */
function refuseStarted(core: Core, ranges: Ranges): void {
  let waiting = 0
  for (const [first, last] of ranges) {
    for (const part of core.site.spans.overlapping(first, last))
      waiting += part.last - part.first + 1
    for (const job of openIn(core.site, first, last)) {
      if (job.context.attempts === 0) waiting += 1
    }
  }
  if (waiting === sizeOf(ranges)) return
  const what = 'name and workflow stay once a job has been given to a launcher or has ended'
  throw fault('BAD_REQUEST', { what: `${what}: its working directory bears them` })
}

/** Rows of ended jobs, which are not in memory. */
async function endedRows(core: Core, ranges: Ranges): Promise<JobRow[]> {
  const max = limits.forcedJobsMax
  if (sizeOf(ranges) > max) {
    throw fault('TOO_MANY', { what: 'jobs to force at once', count: sizeOf(ranges), max })
  }
  return (await core.store.endedIn(ranges, max)).filter((row) => !isAwaited(row))
}

/** Is every job of these ranges in memory or among these rows? */
function isComplete(core: Core, ranges: Ranges, ended: readonly JobRow[]): boolean {
  let known = ended.filter(({ id }) => !core.site.open.has(id)).length
  for (const [first, last] of ranges) {
    for (const part of core.site.spans.overlapping(first, last)) known += part.last - part.first + 1
    known += openIn(core.site, first, last).length
  }
  return known === sizeOf(ranges)
}

/** Only where the machine itself goes to from there, unless forced; never out of USER_KILLED. */
function refuseState(
  core: Core,
  { changes, isForced = false }: ModifyRequest,
  ranges: Ranges,
  ended: readonly JobRow[],
): void {
  const to = stateNumber(changes.state ?? '') ?? -1
  const check = (id: JobId, from: number): void => {
    if (from === to) return
    const [was, asked] = [stateOf(from), stateOf(to)]
    if (from === killedState) {
      throw fault('STATE_REFUSED', {
        id,
        from: was,
        to: asked,
        advice: 'balsam retry runs it again',
      })
    }
    if (!isForced && !isLegal(from, to)) {
      throw fault('STATE_REFUSED', { id, from: was, to: asked, advice: 'force it, if you must' })
    }
  }
  for (const row of ended) if (!core.site.open.has(row.id)) check(row.id, row.state)
  for (const [first, last] of ranges) {
    for (const part of core.site.spans.overlapping(first, last)) check(part.first, part.span.state)
    for (const job of openIn(core.site, first, last)) check(job.id, job.state)
  }
}

const forced = jobTable.event('FORCE')
const legal = new Set(
  jobTable.transitions
    .filter(({ event, isMove }) => isMove && event !== forced)
    .map(({ from, target }) => `${from} ${target}`),
)

/** Does the machine go there by itself, a handler or a kill? */
function isLegal(from: number, to: number): boolean {
  return legal.has(`${from} ${to}`)
}

/** How many jobs lie in ranges. */
export function sizeOf(ranges: Ranges): number {
  return ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0)
}
