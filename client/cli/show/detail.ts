// All about one job, as lines for people. What has nothing to say is left out.
import { escapeControls } from '../../../protocol/faults.ts'
import type { AttemptView, JobDetail } from '../../../protocol/job.ts'
import { quoteWords } from '../../../protocol/shell-words.ts'
import { elapsedText, exitText, localTime } from './job-columns.ts'

/** Everything that is known of a job. */
export function detailText(job: JobDetail): string {
  const environment = Object.entries(job.environment).map(([name, value]) => `${name}=${value}`)
  const cores = job.resources.cpus
  const share = `1/${job.resources.nodePackingCount} of a node`
  const facts: readonly (readonly [string, string])[] = [
    ['job', String(job.id)],
    ['name', job.name],
    ['workflow', job.workflow],
    ['application', job.application ?? ''],
    ['description', job.description],
    ['state', job.state],
    ['command', quoteWords(job.argv)],
    ['environment', environment.join(' ')],
    ['resources', cores === null ? share : `${cores} cores`],
    ['priority', job.priority === 0 ? '' : String(job.priority)],
    ['retries', job.max_retries === 0 ? '' : String(job.max_retries)],
    ['parents', kinText(job.parents, job.parents_total)],
    ['children', kinText(job.children, job.children_total)],
    ['array index', job.array_index === null ? '' : String(job.array_index)],
    ['directory', job.working_directory],
    ['output', job.output_file ?? 'not kept'],
    ...(job.excluded_nodes ?? []).map(
      ({ node, until, reason }) =>
        ['kept from', `${node} until ${localTime(until)}: ${reason}`] as const,
    ),
    ['exit', exitText(job)],
    ['run time', elapsedText(job.started_at, job.ended_at)],
  ]
  const lines = facts
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name.padEnd(12)} ${escapeControls(value)}\n`)
  const attempts = job.attempt_list.map((attempt) => `  ${escapeControls(attemptText(attempt))}\n`)
  const tried = attempts.length === 0 ? '' : `attempts\n${attempts.join('')}`
  return `${lines.join('')}${tried}history\n${historyLines(job)}`
}

function kinText(ids: readonly number[], total: number): string {
  return ids.join(' ') + (total > ids.length ? ` and ${total - ids.length} more` : '')
}

/** The job's name and its history. */
export function historyText(job: JobDetail): string {
  return `${escapeControls(`job ${job.id} ${job.name} (${job.workflow})`)}\n${historyLines(job)}`
}

function historyLines(job: JobDetail): string {
  return job.history
    .flatMap(({ at, state, message }) => {
      // A failed hook is told with the end of its log.
      const [first = '', ...rest] = message.split('\n')
      return [
        `  ${localTime(at)}  ${state.padEnd(16)} ${first}`,
        ...rest.map((line) => `      ${line}`),
      ]
    })
    .map((line) => `${escapeControls(line).trimEnd()}\n`)
    .join('')
}

function attemptText(attempt: AttemptView): string {
  const parts = [`${attempt.attempt}. ${attempt.outcome} on ${attempt.node}`]
  const exit = exitText(attempt)
  if (exit !== '') parts.push(exit)
  if (attempt.wall_s !== null) parts.push(`${attempt.wall_s.toFixed(2)} s`)
  if (attempt.user_s !== null && attempt.system_s !== null) {
    parts.push(`${(attempt.user_s + attempt.system_s).toFixed(2)} s of CPU`)
  }
  if (attempt.max_rss_kib !== null) {
    const mib = (attempt.max_rss_kib / 1024).toFixed(1)
    parts.push(`${attempt.is_rss_below ? 'below ' : ''}${mib} MiB`)
  }
  if (attempt.reason !== '') parts.push(attempt.reason)
  return parts.join(', ')
}
