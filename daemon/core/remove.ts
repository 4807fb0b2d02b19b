// Removal of jobs: ended ones (only in the store), waiting ones (in spans or open without a lease).
// Running jobs are never removed; who asked was told so.
import type { JobId } from '../../protocol/job.ts'
import type { JournalRecord } from './records.ts'
import type { Site } from './site.ts'
import { cutOut } from './span-moves.ts'

/** Applies a remove record. */
export function removeJobs(
  site: Site,
  record: JournalRecord & readonly ['remove', ...unknown[]],
): void {
  const [, ended, counts, waiting, specs] = record
  for (let index = 0; index < ended.length; index += 2) {
    forget(site.removedJobs, ended[index] ?? 0, ended[index + 1] ?? 0)
    site.removedRanges.push([ended[index] ?? 0, ended[index + 1] ?? 0])
  }
  for (const [workflow, state, count] of counts) site.tallies.add(workflow, state, -count)
  for (let index = 0; index < waiting.length; index += 2) {
    removeWaiting(site, waiting[index] ?? 0, waiting[index + 1] ?? 0)
    site.removedRanges.push([waiting[index] ?? 0, waiting[index + 1] ?? 0])
  }
  for (let index = 0; index < specs.length; index += 2) {
    forget(site.removedSpecs, specs[index] ?? 0, specs[index + 1] ?? 0)
  }
}

function forget(removed: JobId[], first: JobId, last: JobId): void {
  for (let id = first; id <= last; id += 1) removed.push(id)
}

function removeWaiting(site: Site, first: JobId, last: JobId): void {
  for (const part of site.spans.overlapping(first, last)) {
    const { span } = part
    const count = part.last - part.first + 1
    cutOut(site, span, part.first, part.last)
    site.tallies.add(span.queue.shape.workflow, span.state, -count)
  }
  for (let id = first; id <= last; id += 1) {
    const job = site.open.get(id)
    if (job === undefined || job.token !== 0) continue
    site.queues.removeJob(job)
    site.steps.removeJob(job)
    site.open.delete(id)
    site.lateParents.delete(id)
    site.tallies.add(job.queue.shape.workflow, job.state, -1)
    site.removedJobs.push(id)
  }
}
