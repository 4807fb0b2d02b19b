// Applies journal records to the site: the only place where jobs change. No clock, no I/O: the live
// daemon and the replay after a restart run exactly this.
import type { AttemptEvent } from '../../machines/attempt.ts'
import type { JobEvent } from '../../machines/job.ts'
import { exitStride } from '../../protocol/frames.ts'
import type { JobId, LeaseToken } from '../../protocol/job.ts'
import { isRetried } from '../../protocol/retry-words.ts'
import { stateNumber } from '../../protocol/states.ts'
import { modifyJobs, retryJobs, reviveJobs } from './change.ts'
import { moveAttempt, openLease, openStep } from './lease.ts'
import { mixOf } from './mix.ts'
import { openIn } from './open-in.ts'
import type { OpenJob } from './open-job.ts'
import { addParents, settleParents } from './parents.ts'
import type { JournalRecord, SpanSeed } from './records.ts'
import { removeJobs } from './remove.ts'
import { footprint } from './shape.ts'
import type { Sink, Site } from './site.ts'
import { movePart } from './span-moves.ts'
import type { Span } from './spans.ts'
import { admit, factsOf, isEnd, moveJob, moveJobBy, stepAttempt } from './steps.ts'
import { takeOut } from './take-out.ts'
import { joinQueue } from './waiting.ts'

/** Applies one record that was decided at wall time `at` (ms). */
export function applyRecord(site: Site, at: number, record: JournalRecord, sink: Sink): void {
  change(site, at, record, sink)
  settleParents(site, at, sink)
}

function change(site: Site, at: number, record: JournalRecord, sink: Sink): void {
  switch (record[0]) {
    case 'submit':
      for (const seed of record[1]) addJobs(site, at, seed, sink)
      if (record[2] !== undefined) site.dag.add(record[2])
      return
    case 'parents':
      return addParents(site, at, record, sink)
    case 'assign':
      return assignAgain(site, at, record)
    case 'step':
      return giveStepsAgain(site, at, record)
    case 'force':
      return force(site, at, record, sink)
    case 'start':
      return start(site, record[1], sink)
    case 'exit':
      return exit(site, at, record[1], new Map(record[2]), sink)
    case 'withdraw':
      return withdraw(site, at, record[1], record[2], sink)
    case 'lost':
      return lose(site, at, record, sink)
    case 'kill':
      return kill(site, at, record[1], sink)
    case 'modify':
      return modifyJobs(site, at, record, sink)
    case 'revive':
      return reviveJobs(site, record)
    case 'retry':
      return retryJobs(site, at, record, sink)
    case 'remove':
      return removeJobs(site, record)
  }
}

function addJobs(site: Site, at: number, seed: SpanSeed, sink: Sink): void {
  const { state, log } = admit(seed.shape, at, seed.waits === true)
  const queue = site.queues.of(seed.shape)
  const mix = mixOf(site.queues, seed.lo, seed.mix)
  const span: Span = {
    lo: seed.lo,
    hi: seed.hi,
    spec: seed.spec,
    state,
    log,
    queue,
    mix,
    storedLo: null,
  }
  site.spans.add(span)
  site.tallies.add(seed.shape.workflow, state, seed.hi - seed.lo + 1)
  joinQueue(site, span)
  sink.moved(seed.shape.workflow, seed.lo, seed.hi, -1, state)
}

/** Leases jobs again that an earlier reign had leased: they are still in spans or queues here. */
function assignAgain(
  site: Site,
  at: number,
  record: JournalRecord & readonly ['assign', ...unknown[]],
): void {
  const [, launcher, nodeCpus, firstToken, ranges] = record
  let token = firstToken
  for (let index = 0; index < ranges.length; index += 2) {
    const first = ranges[index] ?? 0
    const count = ranges[index + 1] ?? 0
    for (let id = first; id < first + count; id += 1) {
      const job = takeForLease(site, id)
      if (job !== null)
        openLease(site, job, at, launcher, token, footprint(job.queue.shape, nodeCpus))
      token += 1
    }
  }
}

/** The same for steps. */
function giveStepsAgain(
  site: Site,
  at: number,
  record: JournalRecord & readonly ['step', ...unknown[]],
): void {
  const [, launcher, firstToken, ids] = record
  for (const [index, id] of ids.entries()) {
    const job = takeForLease(site, id)
    if (job !== null) openStep(site, job, at, launcher, firstToken + index)
  }
}

function takeForLease(site: Site, id: JobId): OpenJob | null {
  const open = site.open.get(id)
  if (open !== undefined) {
    site.queues.removeJob(open)
    site.steps.removeJob(open)
    return open
  }
  return takeOut(site, id)
}

function start(site: Site, flat: readonly number[], sink: Sink): void {
  for (let index = 0; index < flat.length; index += 2) {
    const job = site.leases.get(flat[index] ?? 0)
    if (job === undefined) continue
    if (job.step !== 0) {
      stepAttempt(job, started)
      continue
    }
    if (job.startedAt !== null) continue
    const startedAt = flat[index + 1] ?? 0
    moveAttempt(site, job, started, { startedAt, endedAt: 0, args: '' }, sink)
  }
}

const started: AttemptEvent = { type: 'STARTED' }
const succeeded: AttemptEvent = { type: 'EXITED', isSuccess: true }
const failed: AttemptEvent = { type: 'EXITED', isSuccess: false }
const lost: AttemptEvent = { type: 'LOST' }
const timedOut: AttemptEvent = { type: 'TIMED_OUT' }
const withdrawn: AttemptEvent = { type: 'WITHDRAWN' }

function exit(
  site: Site,
  at: number,
  flat: readonly number[],
  reasons: ReadonlyMap<LeaseToken, string>,
  sink: Sink,
): void {
  for (let index = 0; index < flat.length; index += exitStride) {
    const token = flat[index] ?? 0
    const job = site.leases.get(token)
    // Heard before, or of an attempt that is known to have ended:
    // applied once, acknowledged always.
    if (job === undefined) continue
    const reason = reasons.size === 0 ? '' : (reasons.get(token) ?? '')
    exited(site, job, at, flat.slice(index, index + exitStride), reason, sink)
  }
}

function exited(
  site: Site,
  job: OpenJob,
  at: number,
  one: readonly number[],
  reason: string,
  sink: Sink,
): void {
  const [, code = -1, signal = 0, startedAt = 0, wallMs = 0] = one
  if (job.step !== 0) return stepExited(site, job, at, code, signal, reason, sink)
  const event = eventOfExit(code, reason)
  // A task that ran and was stopped with its launcher has been running, reported or not.
  if (event === timedOut && startedAt > 0 && job.startedAt === null) {
    moveAttempt(site, job, started, { startedAt, endedAt: 0, args: '' }, sink)
  }
  job.code = code >= 0 ? code : null
  job.signal = signal > 0 ? signal : null
  moveAttempt(
    site,
    job,
    event,
    {
      startedAt: startedAt > 0 ? startedAt : at,
      endedAt: startedAt > 0 ? startedAt + wallMs : at,
      args: `${code},${signal},${one.slice(4).join(',')},${JSON.stringify(reason)}`,
      isForGood: code !== 0 && isForGood(job, code, signal, startedAt > 0),
    },
    sink,
  )
}

function isForGood(job: OpenJob, code: number, signal: number, isStarted: boolean): boolean {
  const { retryOn } = factsOf(job.queue.shape)
  return retryOn !== undefined && !isRetried(retryOn, { code, signal, isStarted })
}

/** A hook or a transfer has ended: what it did wrong goes into the job's history. */
function stepExited(
  site: Site,
  job: OpenJob,
  at: number,
  code: number,
  signal: number,
  reason: string,
  sink: Sink,
): void {
  const isSuccess = code === 0 && reason === ''
  const ended = eventOfExit(isSuccess ? 0 : -1, reason)
  const said = signal > 0 ? `signal ${signal}` : `exit code ${code}`
  const args = isSuccess ? '' : JSON.stringify(reason === '' ? said : reason)
  moveAttempt(site, job, ended, { startedAt: at, endedAt: at, args }, sink)
}

function eventOfExit(code: number, reason: string): AttemptEvent {
  if (reason === 'lost') return lost
  if (reason === 'walltime' || reason === 'stopped') return timedOut
  return code === 0 ? succeeded : failed
}

function withdraw(
  site: Site,
  at: number,
  tokens: readonly LeaseToken[],
  why: string,
  sink: Sink,
): void {
  for (const token of tokens) {
    const job = site.leases.get(token)
    if (job === undefined) continue
    moveAttempt(
      site,
      job,
      withdrawn,
      { startedAt: at, endedAt: at, args: JSON.stringify(why) },
      sink,
    )
  }
}

function lose(
  site: Site,
  at: number,
  record: JournalRecord & readonly ['lost', ...unknown[]],
  sink: Sink,
): void {
  const [, tokens, cause, why] = record
  for (const token of tokens) {
    const job = site.leases.get(token)
    if (job === undefined) continue
    if (job.step !== 0) {
      const args = JSON.stringify(why)
      moveAttempt(site, job, lost, { startedAt: at, endedAt: at, args }, sink)
      continue
    }
    // What never reported a start is taken for never run: its allocation is known to be dead.
    const event = job.startedAt === null ? withdrawn : cause === 'timeout' ? timedOut : lost
    const wallMs = job.startedAt === null ? 0 : Math.max(0, at - job.startedAt)
    const args = `-1,0,${wallMs},0,0,0,0,${JSON.stringify(why)}`
    moveAttempt(site, job, event, { startedAt: at, endedAt: at, args }, sink)
  }
}

function kill(site: Site, at: number, flat: readonly number[], sink: Sink): void {
  for (let index = 0; index < flat.length; index += 2) {
    const first = flat[index] ?? 0
    const last = flat[index + 1] ?? 0
    for (const part of site.spans.overlapping(first, last)) {
      if (!isEnd(part.span.state)) movePart(site, at, part, 'KILL', '', sink)
    }
    for (const job of openIn(site, first, last)) {
      if (isEnd(job.state)) continue
      moveJob(site, job, at, 'KILL', '', sink)
    }
  }
}

/** Sets the state of jobs that are in memory, and ends what runs for them, but not who asks. */
function force(
  site: Site,
  at: number,
  record: JournalRecord & readonly ['force', ...unknown[]],
  sink: Sink,
): void {
  const [, flat, to, message, asker] = record
  const event: JobEvent = { type: 'FORCE', to }
  const args = `${JSON.stringify(to)},${JSON.stringify(message)}`
  const asked = { ...sink, asker }
  for (let index = 0; index < flat.length; index += 2) {
    const first = flat[index] ?? 0
    const last = flat[index + 1] ?? 0
    for (const { span, first: from, last: end } of site.spans.overlapping(first, last)) {
      if (span.state === stateNumber(to) || isEnd(span.state)) continue
      for (let id = from; id <= end; id += 1) takeOut(site, id)
    }
    for (const job of openIn(site, first, last)) moveJobBy(site, job, at, event, args, asked)
  }
}
