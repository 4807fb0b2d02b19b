// The public history of a job, derived from its stored event records by stepping its machine again.
// Pure. Records say what happened; which states followed is decided by the machine alone.
import { isJobState, type JobState } from '../protocol/states.ts'
import type { JobContext, JobEvent, JobFacts } from './job.ts'
import type { Transition } from './table/transition.ts'
import { deliverToJob, jobTable } from './tables.ts'

/**
 * What happened to a job, and when (ms since 1970). Arguments by event:
 * FORCE, HANDLER_DONE: the state asked for, a message. ATTEMPT_SUCCEEDED, _FAILED,
 * _FAILED_FOR_GOOD, _TIMED_OUT, _LOST and _KILLED: code, signal, wall, user and system ms, RSS KiB,
 * orphans, reason. MODIFIED (no event of the machine): what changed, and the facts before as JSON
 * when they did. Others: a message.
 */
export type HistoryRecord = readonly [atMs: number, event: string, ...args: readonly unknown[]]

/** One public state that a job came to. */
export interface HistoryStep {
  readonly atMs: number
  readonly state: JobState
  /** Why, for people; '' when the state says it all. */
  readonly message: string
}

/** A job as its records leave it. */
export interface ReplayedJob {
  readonly state: JobState
  readonly context: JobContext
  readonly steps: readonly HistoryStep[]
}

/**
 * Words of a history that are no events of the job machine: a hook or a transfer was leased or
 * ended without an outcome, is being ended, or goes on though its job has ended.
 */
const silentWords: readonly string[] = ['STEP', 'STEP_ENDED', 'KILLING', 'HELD']

/** Index of the reason among the arguments of an attempt's end. */
const reasonIndex = 7

/** Facts out of the text in which a MODIFIED record names those before it. */
export type ReadFacts = (text: string) => JobFacts

/** The states that a job went through, each with its time. */
export function history(
  records: readonly HistoryRecord[],
  facts: JobFacts,
  readFacts?: ReadFacts,
): readonly HistoryStep[] {
  return replay(records, facts, readFacts).steps
}

/**
 * Steps a job through its records from CREATED. Records that mean nothing in their state (late
 * ones) change nothing. Throws for a record that this machine's language does not have.
 */
export function replay(
  records: readonly HistoryRecord[],
  facts: JobFacts,
  readFacts: ReadFacts = () => facts,
): ReplayedJob {
  const reigning = [...factsBefore(records).map(readFacts), facts]
  const context = { attempts: 0, failures: 0, facts: reigning.shift() ?? facts }
  let state = jobTable.state('CREATED')
  const [created] = records
  const steps: HistoryStep[] =
    created === undefined ? [] : [{ atMs: created[0], state: 'CREATED', message: '' }]
  for (const [atMs, word, ...args] of records) {
    if (silentWords.includes(word)) continue
    if (word === 'MODIFIED') {
      if (beforeOf(args) !== null) context.facts = reigning.shift() ?? facts
      steps.push({ atMs, state: stateName(state), message: text(args[0]) })
      continue
    }
    const number = jobTable.findEvent(word)
    if (number === undefined) throw new Error(`a history names the unknown event ${word}`)
    state = deliverToJob(state, number, eventOf(word, args), context, (transition, event) => {
      if (!transition.isMove) return
      // The end of the attempt has said why it is not tried again.
      const isSaid = word === 'ATTEMPT_FAILED_FOR_GOOD' && event.type === 'ADVANCE'
      const message = isSaid ? '' : messageOf(transition, event, args, context)
      steps.push({ atMs, state: stateName(transition.target), message })
    })
  }
  return { state: stateName(state), context, steps }
}

/** The facts that held before each change of them, oldest first. */
function factsBefore(records: readonly HistoryRecord[]): string[] {
  return records.flatMap(([, word, ...args]) => (word === 'MODIFIED' ? (beforeOf(args) ?? []) : []))
}

function beforeOf([, before]: readonly unknown[]): string | null {
  return typeof before === 'string' && before.startsWith('{') ? before : null
}

function stateName(number: number): JobState {
  const name = jobTable.states[number]
  if (name === undefined) throw new RangeError(`no job state has the number ${number}`)
  return name
}

function eventOf(word: string, args: readonly unknown[]): JobEvent {
  const [to] = args
  if (word === 'FORCE' || word === 'HANDLER_DONE') {
    const named = typeof to === 'string' && isJobState(to) ? to : null
    if (word === 'HANDLER_DONE') return { type: word, to: named }
    if (named === null)
      throw new Error(`a history forces a job to ${String(to)}, which is no state`)
    return { type: word, to: named }
  }
  // The table knew the word, and only the two above have data that guards look at.
  return { type: word as Exclude<JobEvent['type'], 'FORCE' | 'HANDLER_DONE'> }
}

function messageOf(
  transition: Transition,
  event: JobEvent,
  args: readonly unknown[],
  context: JobContext,
): string {
  switch (event.type) {
    case 'ADVANCE':
      return messageOfRest(transition, context)
    case 'ATTEMPT_SUCCEEDED':
    case 'ATTEMPT_FAILED':
    case 'ATTEMPT_TIMED_OUT':
    case 'ATTEMPT_LOST':
      return messageOfEnd(args)
    case 'ATTEMPT_FAILED_FOR_GOOD':
      return `${messageOfEnd(args)}, which is not to be tried again`
    case 'FORCE':
      return text(args[1]) || 'set by the user'
    case 'HANDLER_DONE':
      return text(args[1]) || (event.to === null ? 'its handler named no state' : '')
    case 'KILL':
      return text(args[0]) || 'killed by the user'
    case 'RETRY':
      return text(args[0]) || 'to run again, by the user'
    case 'PARENT_FAILED':
      return text(args[0]) || 'one or more parent jobs failed'
    default:
      return text(args[0])
  }
}

/** Why a job went on, or did not, after a failed or timed-out attempt. */
function messageOfRest(transition: Transition, context: JobContext): string {
  const { facts, failures } = context
  const from = stateName(transition.from)
  const isOver = stateName(transition.target) === 'FAILED'
  if (from === 'RUN_ERROR') {
    if (isOver) return facts.maxRetries === 0 ? '' : `no retry left of ${facts.maxRetries}`
    return `retry ${failures} of ${facts.maxRetries}`
  }
  if (from !== 'RUN_TIMEOUT') return ''
  const warning = facts.handlesTimeout
    ? 'there is no postprocess script to handle the timeout; '
    : ''
  return `${warning}${isOver ? 'not to be run again after a timeout' : 'to run again'}`
}

function messageOfEnd(args: readonly unknown[]): string {
  const [code, signal] = args
  const reason = text(args[reasonIndex])
  if (reason !== '') return reason
  if (typeof signal === 'number' && signal > 0) return `signal ${signal}`
  return typeof code === 'number' && code > 0 ? `exit code ${code}` : ''
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
