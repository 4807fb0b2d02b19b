// Single jobs out of their spans. Only for the code that applies records.
import type { JobId } from '../../protocol/job.ts'
import type { OpenJob } from './open-job.ts'
import type { Site } from './site.ts'
import { cutOut } from './span-moves.ts'
import { openFromSpan } from './steps.ts'

/** Takes one job out of its span; null when it is in none. */
export function takeOut(site: Site, id: JobId): OpenJob | null {
  const span = site.spans.find(id)
  if (span === null) return null
  cutOut(site, span, id, id)
  return openFromSpan(site, span, id)
}
