// After the last event: what the disk says must agree with
// what was promised and with what happened.

import { stateInMemory } from '../../../daemon/core/in-memory.ts'
import { stepOutcomes } from '../../../daemon/core/job-steps.ts'
import { shapeOf } from '../../../daemon/core/shape.ts'
import { factsOf } from '../../../daemon/core/steps.ts'
import { replay } from '../../../machines/history.ts'
import type { JobFacts } from '../../../machines/job.ts'
import type { JobRequest } from '../../../protocol/job.ts'
import { type JobState, stateOf } from '../../../protocol/states.ts'
import type { Edge } from './families.ts'
import type { Kind } from './truth.ts'
import type { World } from './world.ts'

/** Every promise that the disk breaks. `acknowledged` and `edges` are what clients were told. */
export function audit(
  world: World,
  acknowledged: readonly number[],
  edges: readonly Edge[],
): string[] {
  const breaches: string[] = []
  const seen = new Set<number>()
  const states = new Map<number, number>()
  for (const row of world.disk.look('SELECT * FROM job')) {
    const id = Number(row['id'])
    seen.add(id)
    states.set(id, Number(row['state']))
    breaches.push(...auditJob(world, id, Number(row['state']), String(row['log'])))
  }
  for (const row of world.disk.look('SELECT * FROM span')) {
    for (let id = Number(row['lo']); id <= Number(row['hi']); id += 1) {
      if (seen.has(id)) breaches.push(`job ${id} is in a span and has a row`)
      seen.add(id)
      states.set(id, Number(row['state']))
    }
  }
  for (const { tag, first, last } of world.judge.promises) {
    for (let id = first; id <= last; id += 1) {
      if (requestOf(world, id).tags?.[tag] !== 'x')
        breaches.push(`job ${id} lost its change ${tag}`)
    }
  }
  const promised = new Set(acknowledged)
  if (promised.size !== acknowledged.length) breaches.push('two submissions were given the same id')
  for (const id of promised)
    if (!seen.has(id)) breaches.push(`job ${id} was acknowledged and is lost`)
  for (const id of seen)
    if (!promised.has(id)) breaches.push(`job ${id} exists and was never acknowledged`)
  breaches.push(...auditEdges(world, edges, states))
  return breaches
}

/** A daemon that has just started knows what every waiting job waits for. */
export function auditWaiting({ daemon, disk }: World): string[] {
  if (daemon === null) return []
  const { site } = daemon.core
  const breaches: string[] = []
  for (const row of disk.look('SELECT * FROM edge')) {
    const [child, parent, last] = ['child', 'parent', 'parent_last'].map((key) => Number(row[key]))
    const state = stateInMemory(site, child ?? 0)
    if (state === null || stateOf(state) !== 'AWAITING_PARENTS') continue
    const known = site.dag.waitersOf(parent ?? 0, last ?? 0)
    if (!known.some(({ lo, hi }) => lo <= (child ?? 0) && (child ?? 0) <= hi))
      breaches.push(`that job ${child} waits for ${parent} is forgotten`)
  }
  return breaches
}

/** Children start after their parents have finished, and fail with them and only with them. */
function auditEdges(
  { judge, disk }: World,
  edges: readonly Edge[],
  states: ReadonlyMap<number, number>,
): string[] {
  const breaches: string[] = []
  const nameOf = (id: number): string => stateOf(states.get(id) ?? 0)
  for (const { parent, child, since } of edges) {
    if (judge.wasEarly(child, parent, since))
      breaches.push(`job ${child} was started before its parent ${parent} had finished`)
    if (nameOf(parent) !== 'JOB_FINISHED' && nameOf(child) === 'JOB_FINISHED')
      breaches.push(`job ${child} is finished and its parent ${parent} is ${nameOf(parent)}`)
  }
  // Also the edges of calls whose answers were lost.
  const stored = disk.look('SELECT * FROM edge')
  const hasEdge = (parent: number, child: number): boolean =>
    stored.some(
      (row) =>
        Number(row['child']) <= child &&
        child <= Number(row['child_last']) &&
        Number(row['parent']) <= parent &&
        parent <= Number(row['parent_last']),
    )
  // Parents that run again don't take their children along by themselves.
  const failed = [...states.keys()].filter(
    (id) => ['FAILED', 'USER_KILLED'].includes(nameOf(id)) || judge.isRetried(id),
  )
  for (const { parent, child } of edges)
    if (!hasEdge(parent, child)) breaches.push(`the edge from ${parent} to ${child} is lost`)
  for (const id of states.keys()) {
    if (nameOf(id) !== 'FAILED' || judge.hasStarted(id)) continue
    if (!failed.some((parent) => hasEdge(parent, id)))
      breaches.push(`job ${id} failed without a start and without a failed parent`)
  }
  return breaches
}

function auditJob(world: World, id: number, state: number, log: string): string[] {
  const breaches: string[] = []
  const records: [number, string, ...unknown[]][] = JSON.parse(log)
  const facts = factsOf(shapeOf(requestOf(world, id)))
  const final = replay(records, facts).state
  const name = stateOf(state)
  if (final !== name) breaches.push(`job ${id}: its history ends in ${final}, its row says ${name}`)
  const count = (...events: string[]): number =>
    records.filter(([, event]) => events.includes(event)).length
  const ends = count(
    'ATTEMPT_SUCCEEDED',
    'ATTEMPT_FAILED',
    'ATTEMPT_TIMED_OUT',
    'ATTEMPT_LOST',
    'ATTEMPT_KILLED',
  )
  const leases = count('LEASED')
  if (ends + count('WITHDRAWN') > leases)
    breaches.push(`job ${id}: ${leases} leases and ${ends} ends: an exit was applied twice`)
  const stepEnds = count('STEP_ENDED', ...stepOutcomes)
  if (stepEnds !== count('STEP'))
    breaches.push(`job ${id}: ${count('STEP')} steps and ${stepEnds} ends of them`)
  breaches.push(...auditSuccess(world, id, name, facts, count('FORCE') > 0))
  return breaches
}

/** What is finished has had all its steps, in their order, unless somebody set its state. */
function auditSuccess(
  world: World,
  id: number,
  state: JobState,
  facts: JobFacts,
  isForced: boolean,
): string[] {
  const had = world.judge.successes(id)
  const wanted: Kind[] = [
    ...(facts.hasStageIn ? (['stageIn'] as const) : []),
    ...(facts.hasPreprocess ? (['preprocess'] as const) : []),
    'run',
    ...(facts.hasPostprocess ? (['postprocess'] as const) : []),
    ...(facts.hasStageOut ? (['stageOut'] as const) : []),
  ]
  const done = had.filter((kind) => kind !== 'handler')
  const inOrder = world.judge.isRetried(id) || done.every((kind, index) => wanted[index] === kind)
  const breaches: string[] = []
  if (!inOrder) breaches.push(`job ${id}: ${done.join()} where ${wanted.join()} is the order`)
  if (isForced || world.judge.isRetried(id)) return breaches
  if (state === 'JOB_FINISHED' && done.length < wanted.length)
    breaches.push(`job ${id} is finished and only ${done.join()} succeeded`)
  if (state === 'FAILED' && done.length === wanted.length)
    breaches.push(`job ${id} is failed although everything of it succeeded`)
  return breaches
}

/** What was asked, as the daemon under test wrote it. */
function requestOf(world: World, id: number): JobRequest {
  const [spec] = world.disk.look(
    `SELECT body FROM spec_body WHERE lo <= ${id} ORDER BY lo DESC LIMIT 1`,
  )
  return JSON.parse(String(spec?.['body'])) as JobRequest
}
