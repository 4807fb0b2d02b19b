// Jobs as people name them: 17, 17-20, 17,19, a name that only one job has, or `current`: the job
// of the task that asks.
import { fault } from '../../protocol/faults.ts'
import type { JobFilter, JobId } from '../../protocol/job.ts'
import { limits } from '../../protocol/limits.ts'
import { filterOf, wordsOf } from './options.ts'
import type { Context, Parsed } from './verb.ts'

/**
 * The filter of a verb that takes jobs and filter flags. Names are looked up (JOB_UNKNOWN,
 * JOB_AMBIGUOUS); a verb without any of them gets the empty filter, which means all jobs.
 */
export async function chosenJobs(
  parsed: Parsed,
  context: Pick<Context, 'balsam' | 'terminal'>,
): Promise<JobFilter> {
  const refs = [...parsed.args, ...wordsOf(parsed, 'id')]
  const filter = filterOf(parsed)
  if (refs.length === 0) return filter
  const ids: JobId[] = []
  const ranges: [JobId, JobId][] = []
  for (const ref of refs.flatMap((word) => (isIds(word) ? word.split(',') : [word]))) {
    const range = /^(\d+)-(\d+)$/.exec(ref)
    if (/^\d+$/.test(ref)) ids.push(Number(ref))
    else if (range !== null) ranges.push(rangeOf(ref, Number(range[1]), Number(range[2])))
    else ids.push((await context.balsam().job(refOf(ref, context))).id)
  }
  if (ids.length > limits.filterIdsMax) {
    const [count, max] = [ids.length, limits.filterIdsMax]
    throw fault('TOO_MANY', { what: 'jobs named by id', count, max })
  }
  return { ...filter, ids: [...new Set(ids)], ...(ranges.length === 0 ? {} : { ranges }) }
}

/** What the daemon calls the job: `current` is the one whose task this is. Throws NOT_IN_A_TASK. */
export function refOf(word: string, { terminal }: Pick<Context, 'terminal'>): string {
  if (word !== 'current') return word
  const id = terminal.env['BALSAM_JOB_ID'] ?? ''
  if (/^\d+$/.test(id)) return id
  throw fault('NOT_IN_A_TASK')
}

/** Does this filter choose anything at all? */
export function isEverything(filter: JobFilter): boolean {
  return Object.keys(filter).length === 0
}

function isIds(word: string): boolean {
  return /^[\d,-]+$/.test(word)
}

function rangeOf(ref: string, first: JobId, last: JobId): [JobId, JobId] {
  if (last >= first) return [first, last]
  throw fault('BAD_FIELD', { field: 'jobs', what: `${ref} ends before it begins` })
}
