// The site in memory as plain data, so that two of them can be compared.
// Leaves out what a restart forgets on purpose: links, measured durations, order within a queue.
import { stateInMemory } from '../../../../daemon/core/in-memory.ts'
import { queueOf } from '../../../../daemon/core/mix.ts'
import { rowOf } from '../../../../daemon/core/open-job.ts'
import type { Queue } from '../../../../daemon/core/queues.ts'
import type { Site } from '../../../../daemon/core/site.ts'
import { isRunnable } from '../../../../daemon/core/steps.ts'
import { stateNumber } from '../../../../protocol/states.ts'

/** Everything about jobs that a restart must bring back. */
export function memoryOf(site: Site): object {
  return {
    spans: [...site.spans.all()].map((span) => ({
      lo: span.lo,
      hi: span.hi,
      spec: span.spec,
      state: span.state,
      log: span.log,
      queues: idsOf(span).map((id) => queueOf(span, id).key),
    })),
    open: byId(site.open.values()).map((job) => ({
      ...rowOf(job),
      token: job.token,
      pastToken: job.pastToken,
      attempt: job.token === 0 ? null : job.attempt,
      launcher: job.launcher,
      cpus: job.token === 0 ? null : job.cpus,
      isQueued: job.isQueued,
      queue: job.queue.key,
      facts: job.context.facts,
    })),
    leases: [...site.leases].map(([token, job]) => [token, job.id]).sort(byFirst),
    tallies: ['v', 'w'].map((workflow) => site.tallies.states(workflow)),
    ready: readyIds(site),
    waiting: waitingOf(site),
    launchers: byId(site.launchers.values()).map(({ id, usedCpus, leases }) => ({
      id,
      usedCpus,
      leases,
    })),
  }
}

/** Which waiting jobs wait for each job that has not ended. */
function waitingOf(site: Site): object {
  const jobs = [...[...site.spans.all()].flatMap(idsOf), ...site.open.keys()]
  const isWaiting = (id: number): boolean => stateInMemory(site, id) === awaiting
  const entries = jobs
    .toSorted((one, other) => one - other)
    .map((id) => {
      const waiters = site.dag.waitersOf(id, id).flatMap(idsOf).filter(isWaiting)
      return [id, waiters] as const
    })
  return Object.fromEntries(entries.filter(([, waiters]) => waiters.length > 0))
}

const awaiting = stateNumber('AWAITING_PARENTS')

/** Ready jobs and the count that the queues keep of them, by shape. */
function readyIds(site: Site): object {
  const ready = new Map<string, { ids: Set<number>; count: number }>()
  for (const queue of site.queues.serving()) {
    const entry = ready.get(queue.key) ?? { ids: new Set<number>(), count: 0 }
    ready.set(queue.key, entry)
    entry.count += queue.ready
    // A job that was taken out of the middle and is back stands there twice, and is taken once.
    for (const job of queue.jobs.slice(queue.jobHead)) if (job.isQueued) entry.ids.add(job.id)
    for (const span of queue.spans.slice(queue.spanHead))
      for (const id of idsOf(span)) if (isReadyIn(site, queue, id)) entry.ids.add(id)
  }
  const entries = [...ready].map(([key, { ids, count }]): [string, object] => [
    key,
    { count, ids: [...ids].sort((one, other) => one - other) },
  ])
  return Object.fromEntries(entries)
}

/** A share of a mixed span names jobs of other queues, too, and some that have left. */
function isReadyIn(site: Site, queue: Queue, id: number): boolean {
  const span = site.spans.find(id)
  return span !== null && isRunnable(span.state) && queueOf(span, id).key === queue.key
}

function idsOf({ lo, hi }: { readonly lo: number; readonly hi: number }): number[] {
  return Array.from({ length: hi - lo + 1 }, (_, index) => lo + index)
}

function byId<Item extends { readonly id: number }>(items: Iterable<Item>): Item[] {
  return [...items].toSorted((one, other) => one.id - other.id)
}

function byFirst([one = 0]: number[], [other = 0]: number[]): number {
  return one - other
}
