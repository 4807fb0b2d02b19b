// Steps of the job and attempt machines, by their compiled tables:
// the only place where they are driven.
// A step changes the job, its counts and its history; what concerns others goes to the sink.
import type { AttemptEvent } from '../../machines/attempt.ts'
import type { JobContext, JobEffect, JobEvent, JobFacts } from '../../machines/job.ts'
import type { Transition } from '../../machines/table/transition.ts'
import {
  attemptContext,
  attemptTable,
  deliverToJob,
  jobTable,
  settle,
} from '../../machines/tables.ts'
import type { JobId } from '../../protocol/job.ts'
import { endStates, runnableStates, stateNumber } from '../../protocol/states.ts'
import type { SpanShape } from '../store/rows.ts'
import { queueOf } from './mix.ts'
import { logOf, note, type OpenJob } from './open-job.ts'
import type { ShapeFacts } from './shape.ts'
import { markChanged, type Sink, type Site } from './site.ts'
import type { Span } from './spans.ts'
import { fromStore } from './stored-json.ts'

const runnable = numbersOf(runnableStates)
const ends = numbersOf(endStates)

/** State number of USER_KILLED. */
export const killedState = jobTable.state('USER_KILLED')
/** State number of a fresh lease in the attempt machine. */
export const attemptLeased = attemptTable.state('leased')
/** State number of an attempt whose task runs. */
export const attemptStarted = attemptTable.state('running')
/** State number of an attempt that is to be ended. */
export const attemptKilling = attemptTable.state('killing')

/** True for states in which a launcher may take the job. */
export function isRunnable(state: number): boolean {
  return runnable.has(state)
}

/** True for the three ends. */
export function isEnd(state: number): boolean {
  return ends.has(state)
}

/** Names of job events without arguments. */
export type PlainJobEvent = Exclude<JobEvent['type'], 'HANDLER_DONE' | 'FORCE'>

// Shared by all calls, so that a step makes no objects: one job is stepped at a time.
let effects: JobEffect[] = []
const collect = (transition: Transition<JobEffect>): void => {
  for (const effect of transition.effects) effects.push(effect)
}
const plainEvents = new Map<string, { readonly event: JobEvent; readonly number: number }>()

function plain(type: PlainJobEvent): { readonly event: JobEvent; readonly number: number } {
  let known = plainEvents.get(type)
  if (known === undefined) {
    known = { event: Object.freeze({ type }), number: jobTable.event(type) }
    plainEvents.set(type, known)
  }
  return known
}

/**
 * Delivers an event to a job, writes it into its history with `args` (JSON text, may be '') and
 * follows it: counts, queue, end. A late event that means nothing any more is still written down.
 */
export function moveJob(
  site: Site,
  job: OpenJob,
  at: number,
  type: PlainJobEvent,
  args: string,
  sink: Sink,
): void {
  const { event, number } = plain(type)
  moveJobBy(site, job, at, event, args, sink, number)
}

/** As moveJob, with an event that may name a state. */
export function moveJobBy(
  site: Site,
  job: OpenJob,
  at: number,
  event: JobEvent,
  args: string,
  sink: Sink,
  number = jobTable.event(event.type),
): void {
  const from = job.state
  const collected: JobEffect[] = []
  effects = collected
  job.state = deliverToJob(from, number, event, job.context, collect)
  write(job, at, event.type, args)
  markChanged(site, job)
  if (job.state !== from) {
    const { workflow } = job.queue.shape
    site.tallies.add(workflow, from, -1)
    site.tallies.add(workflow, job.state, 1)
    sink.moved(workflow, job.id, job.id, from, job.state)
    site.dag.moved(job.id, job.id, from, job.state)
    if (!isRunnable(job.state)) site.queues.removeJob(job)
    if (job.isStepQueued) site.steps.removeJob(job)
  }
  for (const effect of collected) follow(site, job, effect, sink)
  if (job.token !== 0) noteOpenLease(job, at, event)
  settleOpen(site, job)
}

/** What the next start must know of a lease that is still open. */
function noteOpenLease(job: OpenJob, at: number, event: JobEvent): void {
  if (event.type === 'FORCE' && job.attempt === attemptKilling) note(job, at, 'KILLING', '')
  // A job that has ended is looked for by its last word.
  if (event.type !== 'KILL' && isEnd(job.state)) note(job, at, 'HELD', '')
}

/** A job at rest without a lease waits for what its state is for, if it doesn't already. */
export function resumeRest(site: Site, job: OpenJob, sink: Sink): void {
  if (job.token !== 0) return
  if (!(isEnd(job.state) || job.isQueued || job.isStepQueued)) {
    const collected: JobEffect[] = []
    effects = collected
    settle(job.state, job.context, collect)
    for (const effect of collected) follow(site, job, effect, sink)
  }
  settleOpen(site, job)
}

function write(job: OpenJob, at: number, type: JobEvent['type'], args: string): void {
  if (type === 'LEASED') {
    logOf(job)
    job.leasedAt = at
  } else if (type === 'ATTEMPT_STARTED') job.isStartUnwritten = true
  else note(job, at, type, args)
}

function follow(site: Site, job: OpenJob, effect: JobEffect, sink: Sink): void {
  if (effect === 'enqueue') {
    if (job.token === 0 && !job.isQueued) site.queues.addJob(job)
  } else if (effect === 'awaitParents') {
    site.dag.look(job.id)
  } else if (effect === 'killAttempt') {
    if (job.token !== 0 && job.token !== sink.asker) endOpenLease(job, sink)
  } else if (stepEffects.has(effect)) {
    if (job.token === 0 && !job.isStepQueued) site.steps.addJob(job)
  }
}

const stepEffects: ReadonlySet<JobEffect> = new Set([
  'stageIn',
  'runPreprocess',
  'runPostprocess',
  'runHandler',
  'stageOut',
])

function endOpenLease(job: OpenJob, sink: Sink): void {
  const transition = stepAttempt(job, { type: 'KILL' })
  if (transition?.effects.includes('killTask')) sink.endLease(job)
}

/** An ended job without an open attempt leaves memory; its row says the rest. */
export function settleOpen(site: Site, job: OpenJob): void {
  if (job.token !== 0 || !isEnd(job.state)) return
  site.open.delete(job.id)
  if (site.lateParents.size > 0) site.lateParents.delete(job.id)
}

const attemptEvents = {
  STARTED: attemptTable.event('STARTED'),
  EXITED: attemptTable.event('EXITED'),
  KILL: attemptTable.event('KILL'),
  LOST: attemptTable.event('LOST'),
  WITHDRAWN: attemptTable.event('WITHDRAWN'),
  TIMED_OUT: attemptTable.event('TIMED_OUT'),
} as const

/** Steps the job's open attempt; null when the event means nothing to it. */
export function stepAttempt(
  job: OpenJob,
  event: AttemptEvent,
): ReturnType<typeof attemptTable.step> {
  const transition = attemptTable.step(
    job.attempt,
    attemptEvents[event.type],
    attemptContext,
    event,
  )
  if (transition !== null) job.attempt = transition.target
  return transition
}

/** State number of an attempt that ended well. */
export const attemptSucceeded = attemptTable.state('succeeded')
/** State number of an attempt that ended badly, by itself. */
export const attemptFailed = attemptTable.state('failed')

/** True when the open attempt is over: its state is an outcome. */
export function hasOutcome(job: OpenJob): boolean {
  return job.attempt > attemptKilling
}

/** The machine's facts of a shape. Equal texts share one object. */
export function factsOf(shape: Pick<SpanShape, 'facts'>): JobFacts & ShapeFacts {
  let facts = knownFacts.get(shape.facts)
  if (facts === undefined) {
    facts = Object.freeze({ ...plainFacts, ...fromStore<ShapeFacts>(shape.facts) })
    knownFacts.set(shape.facts, facts ?? plainFacts)
  }
  return facts ?? plainFacts
}

const knownFacts = new Map<string, JobFacts & ShapeFacts>()
const plainFacts: JobFacts = {
  hasStageIn: false,
  hasPreprocess: false,
  hasPostprocess: false,
  hasStageOut: false,
  handlesError: false,
  handlesTimeout: false,
  retriesTimeout: true,
  maxRetries: 0,
}

/**
 * Where jobs of a shape come to rest when they are admitted, and the history of getting there.
 * Those that wait for parents are not admitted before these have finished.
 */
export function admit(
  shape: SpanShape,
  at: number,
  waits: boolean,
): { state: number; log: string } {
  const type = waits ? 'PARENTS_ADDED' : 'ADMITTED'
  const state = stateAfter(jobTable.state('CREATED'), type, { shape })
  return { state, log: `[[${at},"${type}"]]` }
}

/** Where a job that was never leased comes to rest after an event. */
export function stateAfter(
  state: number,
  type: PlainJobEvent,
  { shape }: { readonly shape: SpanShape },
): number {
  const { event, number } = plain(type)
  const context: JobContext = { attempts: 0, failures: 0, facts: factsOf(shape) }
  effects = []
  return deliverToJob(state, number, event, context, collect)
}

let lastSpanLog = ''
let lastOpenLog = ''

/** A span's history without the closing bracket: one text for all jobs that leave it. */
function openLogOf(span: Span): string {
  if (span.log !== lastSpanLog) {
    lastSpanLog = span.log
    lastOpenLog = span.log.slice(0, -1)
  }
  return lastOpenLog
}

/** A job that has just been taken out of its span. */
export function openFromSpan(site: Site, span: Span, id: JobId): OpenJob {
  const queue = queueOf(span, id)
  const job: OpenJob = {
    id,
    spec: span.spec ?? id,
    queue,
    state: span.state,
    context: { attempts: 0, failures: 0, facts: factsOf(queue.shape) },
    token: 0,
    pastToken: 0,
    step: 0,
    attempt: 0,
    launcher: 0,
    cpus: 0,
    startedAt: null,
    endedAt: null,
    code: null,
    signal: null,
    log: openLogOf(span),
    leasedAt: 0,
    isStartUnwritten: false,
    isQueued: false,
    isStepQueued: false,
    isChanged: false,
  }
  site.open.set(id, job)
  return job
}

function numbersOf(states: readonly Parameters<typeof stateNumber>[0][]): ReadonlySet<number> {
  return new Set(states.flatMap((state) => stateNumber(state) ?? []))
}
