// What the ends of jobs mean for those that wait for them: all parents finished, and a job goes on;
// one failed or was killed, and all that wait for it fail, too. Runs at the end of each record, so
// that a child can be leased in the very commit of its parent's exit.
import { stateNumber } from '../../protocol/states.ts'
import type { Failure } from './dag.ts'
import { stateInMemory } from './in-memory.ts'
import { openIn } from './open-in.ts'
import type { JournalRecord } from './records.ts'
import type { Sink, Site } from './site.ts'
import { movePart } from './span-moves.ts'
import { moveJob } from './steps.ts'
import type { JobRange } from './wait-graph.ts'

/** State number of jobs that wait. */
const awaiting = stateNumber('AWAITING_PARENTS') ?? -1

/** Moves whoever waits for what has ended since the last call, and whoever waits for those. */
export function settleParents(site: Site, at: number, sink: Sink): void {
  const { dag } = site
  const isWaiting = (range: JobRange): boolean => isAnyWaiting(site, range)
  for (let news = dag.takeNews(isWaiting); news !== null; news = dag.takeNews(isWaiting)) {
    for (const failure of news.failed) {
      const why = JSON.stringify(reasonOf(failure))
      dag.following(() => moveWaiting(site, at, failure, 'PARENT_FAILED', why, sink))
    }
    for (const range of news.released) moveWaiting(site, at, range, 'PARENTS_FINISHED', '', sink)
  }
  dag.compact(isWaiting)
}

/** Applies new parents of jobs that have not started. */
export function addParents(
  site: Site,
  at: number,
  record: JournalRecord & readonly ['parents', ...unknown[]],
  sink: Sink,
): void {
  const [, rows, beginning, edges] = record
  // First: whoever comes to wait with nothing to wait for would go on at once.
  site.dag.add(edges)
  for (let index = 0; index < beginning.length; index += 2) {
    const first = beginning[index] ?? 0
    const last = beginning[index + 1] ?? 0
    const open = openIn(site, first, last)
    for (const part of site.spans.overlapping(first, last))
      movePart(site, at, part, 'PARENTS_ADDED', '', sink)
    for (const job of open) moveJob(site, job, at, 'PARENTS_ADDED', '', sink)
  }
  for (let index = 0; index < rows.length; index += 2) {
    const child = rows[index] ?? 0
    const parent = rows[index + 1] ?? 0
    site.newEdges.push({ child, childLast: child, parent, parentLast: parent })
    const late = site.lateParents.get(child)
    if (late === undefined) site.lateParents.set(child, [parent])
    else late.push(parent)
  }
}

function reasonOf({ culprit, state, isDirect }: Failure): string {
  const who = isDirect ? `parent ${culprit}` : `job ${culprit}, on which its parents depend,`
  return `${who} ${state === stateNumber('FAILED') ? 'failed' : 'was killed'}`
}

function moveWaiting(
  site: Site,
  at: number,
  { lo, hi }: JobRange,
  type: 'PARENTS_FINISHED' | 'PARENT_FAILED',
  args: string,
  sink: Sink,
): void {
  for (const part of site.spans.overlapping(lo, hi))
    if (part.span.state === awaiting) movePart(site, at, part, type, args, sink)
  for (const job of openIn(site, lo, hi))
    if (job.state === awaiting) moveJob(site, job, at, type, args, sink)
}

/** True when one of these jobs waits for parents. */
export function isAnyWaiting(site: Site, { lo, hi }: JobRange): boolean {
  if (lo === hi) return stateInMemory(site, lo) === awaiting
  return (
    site.spans.overlapping(lo, hi).some(({ span }) => span.state === awaiting) ||
    openIn(site, lo, hi).some(({ state }) => state === awaiting)
  )
}
