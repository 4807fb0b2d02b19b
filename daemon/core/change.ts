// Changes of jobs as records say them: new versions of specs, forced states, ended jobs that run
// again. No clock, no I/O: the live daemon and the replay after a restart run exactly this.
import type { JobId } from '../../protocol/job.ts'
import type { SpanShape } from '../store/rows.ts'
import { openIn } from './open-in.ts'
import { note, type OpenJob } from './open-job.ts'
import type { ChangedPart, JournalRecord } from './records.ts'
import { jobOfRow } from './restore-job.ts'
import { markChanged, type Sink, type Site } from './site.ts'
import { cutOut, movePart } from './span-moves.ts'
import type { Span } from './spans.ts'
import { factsOf, isEnd, isRunnable, moveJob } from './steps.ts'
import { joinQueue } from './waiting.ts'

type RecordOf<Kind> = JournalRecord & readonly [Kind, ...unknown[]]

/** Gives jobs new versions of their specs: another queue, other facts, another template. */
export function modifyJobs(site: Site, at: number, record: RecordOf<'modify'>, sink: Sink): void {
  const [, what, parts, shapes, isRunChanged] = record
  for (const part of parts) {
    const shape = shapes[part.shape]
    if (shape === undefined) throw new Error('a modify names a shape that it does not have')
    const change: Change = { at, part, shape, args: argsOf(what, part), isRunChanged, sink }
    const open = openIn(site, part.first, part.last)
    const present = changeSpans(site, change)
    for (const job of open) {
      changeOpen(site, change, job)
      present.push([job.id, job.id])
    }
    if (part.isBystander !== true) noteEnded(site, change, present)
  }
}

interface Change {
  readonly at: number
  readonly part: ChangedPart
  readonly shape: SpanShape
  /** JSON text of the record's arguments. */
  readonly args: string
  readonly isRunChanged: boolean
  readonly sink: Sink
}

function argsOf(what: string, { factsBefore }: ChangedPart): string {
  const said = JSON.stringify(what)
  return factsBefore === undefined ? said : `${said},${JSON.stringify(factsBefore)}`
}

/** Spans stay spans, cut where the change begins and ends. Returns which jobs they were. */
function changeSpans(site: Site, change: Change): [JobId, JobId][] {
  const { part, shape, at, args } = change
  const present: [JobId, JobId][] = []
  const queue = site.queues.of(shape)
  for (const { span, first, last } of site.spans.overlapping(part.first, part.last)) {
    cutOut(site, span, first, last)
    const log =
      part.isBystander === true ? span.log : `${span.log.slice(0, -1)},[${at},"MODIFIED",${args}]]`
    const changed: Span = {
      lo: first,
      hi: last,
      spec: part.spec,
      state: span.state,
      log,
      queue,
      mix: null,
      storedLo: null,
    }
    const before = span.queue.shape.workflow
    site.spans.add(changed)
    joinQueue(site, changed)
    moveTally(site, change, before, first, last, span.state)
    present.push([first, last])
  }
  return present
}

function changeOpen(site: Site, change: Change, job: OpenJob): void {
  const { part, shape, at, sink } = change
  const wasQueued = job.isQueued
  if (wasQueued) site.queues.removeJob(job)
  const before = job.queue.shape.workflow
  job.queue = site.queues.of(shape)
  job.context = { ...job.context, facts: factsOf(shape) }
  if (part.spec !== null) job.spec = part.spec
  if (wasQueued) site.queues.addJob(job)
  markChanged(site, job)
  moveTally(site, change, before, job.id, job.id, job.state)
  if (part.isBystander === true) return
  note(job, at, 'MODIFIED', change.args)
  // The end of its lease is awaited: a restart looks for that last word.
  if (job.token !== 0 && isEnd(job.state)) note(job, at, 'HELD', '')
  // What was sent ahead and still waits at a launcher would run as it was.
  const waits = job.token !== 0 && job.startedAt === null && isRunnable(job.state)
  if (change.isRunChanged && waits) sink.takeBack(job)
}

function moveTally(
  site: Site,
  { shape, sink }: Change,
  before: string,
  first: JobId,
  last: JobId,
  state: number,
): void {
  const { workflow } = shape
  if (workflow === before) return
  site.tallies.add(before, state, first - last - 1)
  site.tallies.add(workflow, state, last - first + 1)
  sink.moved(before, first, last, state, -1)
  sink.moved(workflow, first, last, -1, state)
}

/** Ended jobs are in the store only: what lies between those in memory. */
function noteEnded(
  site: Site,
  { part, at, args }: Change,
  present: readonly (readonly [JobId, JobId])[],
): void {
  const text = `[${at},"MODIFIED",${args}]`
  let next = part.first
  for (const [first, last] of present.toSorted((one, other) => one[0] - other[0])) {
    if (first > next) site.notes.push([next, first - 1, text])
    next = last + 1
  }
  if (next <= part.last) site.notes.push([next, part.last, text])
}

/** Brings ended jobs back into memory, as they were when they ended. */
export function reviveJobs(site: Site, record: RecordOf<'revive'>): void {
  const [, jobs, shapes] = record
  for (const [row, index] of jobs) {
    const shape = shapes[index]
    if (shape === undefined) throw new Error('a revive names a shape that it does not have')
    if (site.open.has(row.id)) continue
    site.open.set(row.id, jobOfRow(site, row, row.spec, shape))
  }
}

/** Lets ended jobs run again; killed ranges that never ran stay ranges. */
export function retryJobs(site: Site, at: number, record: RecordOf<'retry'>, sink: Sink): void {
  const [, message, flat] = record
  const args = JSON.stringify(message)
  for (const [first, last] of pairsOf(flat)) {
    const open = openIn(site, first, last)
    for (const part of site.spans.overlapping(first, last)) {
      const { span } = part
      if (isEnd(span.state)) movePart(site, at, part, 'RETRY', args, sink)
    }
    for (const job of open) if (isEnd(job.state)) moveJob(site, job, at, 'RETRY', args, sink)
  }
}

function pairsOf(flat: readonly JobId[]): (readonly [JobId, JobId])[] {
  const pairs: (readonly [JobId, JobId])[] = []
  for (let at = 0; at < flat.length; at += 2) pairs.push([flat[at] ?? 0, flat[at + 1] ?? 0])
  return pairs
}
