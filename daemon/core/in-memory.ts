// Where a job stands, as far as memory knows. Looks only.
import type { JobId } from '../../protocol/job.ts'
import type { Site } from './site.ts'

/** State number of a job; null when it has ended or never was: then the tables know. */
export function stateInMemory(site: Site, id: JobId): number | null {
  return site.open.get(id)?.state ?? site.spans.find(id)?.state ?? null
}
