// Opening and closing of leases: the only place where a job gets or loses its open attempt.
import type { AttemptEffect, AttemptEvent } from '../../machines/attempt.ts'
import type { LeaseToken } from '../../protocol/job.ts'
import { stepIn } from './job-steps.ts'
import { logOf, note, type OpenJob } from './open-job.ts'
import { markChanged, type Sink, type Site } from './site.ts'
import {
  attemptFailed,
  attemptLeased,
  attemptSucceeded,
  hasOutcome,
  moveJob,
  moveJobBy,
  resumeRest,
  stepAttempt,
} from './steps.ts'

const silent: Sink = {
  moved: () => undefined,
  endLease: () => undefined,
  takeBack: () => undefined,
}

/** Gives the job's next attempt to a launcher. */
export function openLease(
  site: Site,
  job: OpenJob,
  at: number,
  launcherId: number,
  token: LeaseToken,
  cpus: number,
): void {
  logOf(job)
  job.token = token
  job.pastToken = token
  job.attempt = attemptLeased
  job.launcher = launcherId
  job.cpus = cpus
  job.startedAt = null
  moveJob(site, job, at, 'LEASED', '', silent)
  site.leases.set(token, job)
  const launcher = site.launchers.get(launcherId)
  if (launcher === undefined) return
  launcher.usedCpus += cpus
  launcher.leases += 1
}

/** Gives the step that the job waits for to a launcher. */
export function openStep(
  site: Site,
  job: OpenJob,
  at: number,
  launcherId: number,
  token: LeaseToken,
): void {
  job.token = token
  job.step = job.state
  job.attempt = attemptLeased
  job.launcher = launcherId
  note(job, at, 'STEP', `${token},${launcherId},${job.state}`)
  markChanged(site, job)
  site.leases.set(token, job)
  const launcher = site.launchers.get(launcherId)
  if (launcher !== undefined) launcher.steps += 1
}

/**
 * When an attempt's task started and ended (ms),
 * and what is written down about the end (JSON text).
 */
export interface AttemptTimes {
  readonly startedAt: number
  readonly endedAt: number
  readonly args: string
  /** A failure that the job's retries are not for. */
  readonly isForGood?: boolean
}

/** Delivers an event to the open attempt, and to the job what follows from it. */
export function moveAttempt(
  site: Site,
  job: OpenJob,
  event: AttemptEvent,
  times: AttemptTimes,
  sink: Sink,
): void {
  const transition = stepAttempt(job, event)
  if (transition === null) return
  const { step } = job
  const isOver = hasOutcome(job)
  if (isOver) release(site, job)
  if (step !== 0) {
    if (isOver) endStep(site, job, step, times, sink)
  } else {
    for (const effect of transition.effects) {
      if (effect === 'killTask') sink.endLease(job)
      else moveByAttempt(site, job, effect, times, sink)
    }
  }
  // It may have been moved meanwhile to where something else is to be done.
  if (isOver) resumeRest(site, job, sink)
}

/**
 * A step is over. Its outcome counts in the state in which it was given; whoever moved the job
 * meanwhile has decided otherwise. One that ended without an outcome is simply done again.
 */
function endStep(site: Site, job: OpenJob, step: number, times: AttemptTimes, sink: Sink): void {
  const { endedAt, args } = times
  const outcomes = job.state === step ? stepIn(step) : undefined
  if (outcomes !== undefined && job.attempt === attemptSucceeded) {
    const { done } = outcomes
    const event = done === 'HANDLER_DONE' ? handled : { type: done }
    moveJobBy(site, job, endedAt, event, '', sink)
  } else if (outcomes !== undefined && job.attempt === attemptFailed) {
    moveJobBy(site, job, endedAt, { type: outcomes.failed }, args, sink)
  } else {
    note(job, endedAt, 'STEP_ENDED', args)
    markChanged(site, job)
  }
}

/** A handler says what is to become of its job by moving it; else it has not handled it. */
const handled = { type: 'HANDLER_DONE', to: null } as const

function moveByAttempt(
  site: Site,
  job: OpenJob,
  effect: Exclude<AttemptEffect, 'killTask'>,
  times: AttemptTimes,
  sink: Sink,
): void {
  if (effect === 'ATTEMPT_STARTED') {
    job.startedAt = times.startedAt
    moveJob(site, job, times.startedAt, effect, '', sink)
    return
  }
  if (effect !== 'WITHDRAWN') job.endedAt = times.endedAt
  const isForGood = effect === 'ATTEMPT_FAILED' && times.isForGood === true
  const event = isForGood ? 'ATTEMPT_FAILED_FOR_GOOD' : effect
  moveJob(site, job, times.endedAt, event, times.args, sink)
}

/** The attempt is over: its launcher has room again, and late word of its token means nothing. */
function release(site: Site, job: OpenJob): void {
  site.leases.delete(job.token)
  job.token = 0
  const isStep = job.step !== 0
  job.step = 0
  const launcher = site.launchers.get(job.launcher)
  if (launcher === undefined) return
  if (isStep) {
    launcher.steps -= 1
    return
  }
  launcher.leases -= 1
  // Sums of fractions drift; with nothing held the truth is known.
  launcher.usedCpus = launcher.leases === 0 ? 0 : launcher.usedCpus - job.cpus
}
