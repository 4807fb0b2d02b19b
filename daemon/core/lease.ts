// Opening and closing of leases: the only place where a job gets or loses its open attempt.
import type { AttemptEffect, AttemptEvent } from '../../machines/attempt.ts'
import type { LeaseToken } from '../../protocol/job.ts'
import { logOf, type OpenJob } from './open-job.ts'
import type { Sink, Site } from './site.ts'
import { attemptLeased, hasOutcome, moveJob, stepAttempt } from './steps.ts'

const silent: Sink = { moved: () => undefined, endLease: () => undefined }

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

/**
 * When an attempt's task started and ended (ms),
 * and what is written down about the end (JSON text).
 */
export interface AttemptTimes {
  readonly startedAt: number
  readonly endedAt: number
  readonly args: string
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
  if (hasOutcome(job)) release(site, job)
  for (const effect of transition.effects) {
    if (effect === 'killTask') sink.endLease(job)
    else moveByAttempt(site, job, effect, times, sink)
  }
}

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
  moveJob(site, job, times.endedAt, effect, times.args, sink)
}

/** The attempt is over: its launcher has room again, and late word of its token means nothing. */
function release(site: Site, job: OpenJob): void {
  site.leases.delete(job.token)
  job.token = 0
  const launcher = site.launchers.get(job.launcher)
  if (launcher === undefined) return
  launcher.leases -= 1
  // Sums of fractions drift; with nothing held the truth is known.
  launcher.usedCpus = launcher.leases === 0 ? 0 : launcher.usedCpus - job.cpus
}
