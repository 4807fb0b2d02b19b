// What must be true at the end, job by job: the tasks' own lines beside what the daemon says.
// Must never take the daemon's word where the ground truth has one.
import type { AttemptView, JobDetail } from '../../../protocol/job.ts'
import type { Witness } from './ground-truth.ts'

/** Breaches of the rules that hold whatever dies; '' names none. */
export function breachesOf(number: number, job: JobDetail, lines: readonly Witness[]): string[] {
  const breaches: string[] = []
  const say = (what: string): void => {
    breaches.push(`job ${job.id} (number ${number}): ${what}: ${tell(job.attempt_list, lines)}`)
  }
  if (job.state !== 'JOB_FINISHED') say(`it is ${job.state}`)
  if (lines.some(({ jobId }) => jobId !== job.id)) say('another job wrote into its file')
  if (lines.some(({ what }) => what === 'overlaps')) say('two attempts were alive together')
  const started = lines.filter(({ what }) => what === 'started').map(({ token }) => token)
  if (new Set(started).size < started.length) say('one attempt was started twice')
  const succeeded = job.attempt_list.filter(({ outcome }) => outcome === 'succeeded')
  if (succeeded.length !== 1) say(`${succeeded.length} attempts succeeded`)
  const token = succeeded[0]?.token
  if (!lines.some((line) => line.what === 'ended' && line.token === token)) {
    say('the attempt that is said to have succeeded never wrote its end')
  }
  return breaches
}

/** Breaches of the rules that hold while every spawner lives: what was started is never lost. */
export function lossesOf(number: number, job: JobDetail, lines: readonly Witness[]): string[] {
  const breaches: string[] = []
  const say = (what: string): void => {
    breaches.push(`job ${job.id} (number ${number}): ${what}: ${tell(job.attempt_list, lines)}`)
  }
  const started = lines.filter(({ what }) => what === 'started')
  if (started.length !== 1) say(`${started.length} attempts were started`)
  const outcome = job.attempt_list.find(({ token }) => token === started[0]?.token)?.outcome
  if (outcome !== 'succeeded') say(`what its task did was thrown away (${outcome ?? 'unknown'})`)
  return breaches
}

/** How many attempts ended how: what the faults did. */
export function describeFaults(jobs: readonly JobDetail[]): string {
  const counts = new Map<string, number>()
  for (const { outcome, reason } of jobs.flatMap(({ attempt_list }) => attempt_list)) {
    const key = reason === '' ? outcome : `${outcome} (${reason})`
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return [...counts].map(([key, count]) => `${count} ${key}`).join(', ')
}

function tell(attempts: readonly AttemptView[], lines: readonly Witness[]): string {
  const said = attempts.map(({ token, outcome, reason, return_code, signal }) =>
    [token, outcome, reason, return_code ?? '', signal ?? ''].join(' ').trim(),
  )
  const seen = lines.map(({ what, token, pid, at }) => `${token} ${what} ${at} (pid ${pid})`)
  return `daemon: ${said.join(', ')}; tasks: ${seen.join(', ')}`
}
