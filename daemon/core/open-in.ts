// Open jobs by range of ids. Looks only.
import type { JobId } from '../../protocol/job.ts'
import type { OpenJob } from './open-job.ts'
import type { Site } from './site.ts'

/** Open jobs of a range of ids, by whichever is shorter: the range or the open jobs. */
export function openIn(site: Site, first: JobId, last: JobId): OpenJob[] {
  const found: OpenJob[] = []
  if (last - first < site.open.size) {
    for (let id = first; id <= last; id += 1) {
      const job = site.open.get(id)
      if (job !== undefined) found.push(job)
    }
    return found
  }
  for (const job of site.open.values()) if (first <= job.id && job.id <= last) found.push(job)
  return found
}
