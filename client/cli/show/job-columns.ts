// The columns of job lists, and how times and exits are written.
import { showDuration } from '../../../protocol/durations.ts'
import type { JobItem } from '../../../protocol/job.ts'
import { stateColour } from './look.ts'
import type { Column } from './table.ts'

/** `exit 1`, `signal 9`, or '' while nothing has ended. */
export function exitText(item: Pick<JobItem, 'return_code' | 'signal'>): string {
  if (item.signal !== null && item.signal !== 0) return `signal ${item.signal}`
  return item.return_code === null ? '' : `exit ${item.return_code}`
}

/** Seconds between two times, as people write durations; '' when one is missing. */
export function elapsedText(startedAt: string | null, endedAt: string | null): string {
  if (startedAt === null || endedAt === null) return ''
  return showDuration(Math.max(0, (Date.parse(endedAt) - Date.parse(startedAt)) / 1000))
}

/** An ISO time in local time with the offset left to the reader's clock: 2026-11-22 18:12:07. */
export function localTime(iso: string | null): string {
  if (iso === null) return ''
  const at = new Date(iso)
  const two = (n: number): string => String(n).padStart(2, '0')
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`
}

/** What `balsam ls` shows of a job. */
export const jobColumns: readonly Column<JobItem>[] = [
  { header: 'id', importance: 1, isRight: true, cell: (job) => String(job.id) },
  { header: 'name', importance: 1, cell: (job) => job.name },
  { header: 'workflow', importance: 3, cell: (job) => job.workflow },
  { header: 'application', importance: 4, cell: (job) => job.application ?? '' },
  {
    header: 'state',
    importance: 1,
    cell: (job) => job.state,
    colour: (job) => stateColour(job.state),
  },
  { header: 'attempts', importance: 6, isRight: true, cell: (job) => String(job.attempts) },
  { header: 'exit', importance: 2, cell: exitText },
  {
    header: 'run time',
    importance: 5,
    isRight: true,
    cell: (job) => elapsedText(job.started_at, job.ended_at),
  },
]

/** Further columns that BALSAM_LS_FIELDS may name (Balsam 0.3's variable). */
export const moreJobColumns: Readonly<Record<string, Column<JobItem>>> = {
  started_at: { header: 'started', importance: 2, cell: (job) => localTime(job.started_at) },
  ended_at: { header: 'ended', importance: 2, cell: (job) => localTime(job.ended_at) },
  return_code: {
    header: 'return_code',
    importance: 2,
    cell: (job) => String(job.return_code ?? ''),
  },
  signal: { header: 'signal', importance: 2, cell: (job) => String(job.signal ?? '') },
}
