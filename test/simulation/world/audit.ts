// After the last event: what the disk says must agree with
// what was promised and with what happened.

import { shapeOf } from '../../../daemon/core/shape.ts'
import { factsOf } from '../../../daemon/core/steps.ts'
import type { JobContext } from '../../../machines/job.ts'
import { jobTable, settle } from '../../../machines/tables.ts'
import type { JobRequest } from '../../../protocol/job.ts'
import { stateOf } from '../../../protocol/states.ts'
import type { World } from './world.ts'

/** Every promise that the disk breaks. `acknowledged` are the ids that clients were told. */
export function audit(world: World, acknowledged: readonly number[]): string[] {
  const breaches: string[] = []
  const seen = new Set<number>()
  for (const row of world.disk.look('SELECT * FROM job')) {
    const id = Number(row['id'])
    seen.add(id)
    breaches.push(...auditJob(world, id, Number(row['state']), String(row['log'])))
  }
  for (const row of world.disk.look('SELECT * FROM span')) {
    for (let id = Number(row['lo']); id <= Number(row['hi']); id += 1) {
      if (seen.has(id)) breaches.push(`job ${id} is in a span and has a row`)
      seen.add(id)
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
  return breaches
}

function auditJob(world: World, id: number, state: number, log: string): string[] {
  const breaches: string[] = []
  const records: [number, string, ...unknown[]][] = JSON.parse(log)
  const final = replay(world, id, records)
  if (final !== state)
    breaches.push(
      `job ${id}: its history ends in ${stateOf(final)}, its row says ${stateOf(state)}`,
    )
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
  const name = stateOf(state)
  if (name === 'JOB_FINISHED' && !world.judge.hasSucceeded(id))
    breaches.push(`job ${id} is finished and no task of it succeeded`)
  if (name === 'FAILED' && world.judge.hasSucceeded(id))
    breaches.push(`job ${id} is failed although a task of it succeeded`)
  return breaches
}

const silentWords = ['MODIFIED', 'HELD']

/** The job's request as the disk has it. */
function requestOf(world: World, id: number): JobRequest {
  const [spec] = world.disk.look(
    `SELECT body FROM spec_body WHERE lo <= ${id} ORDER BY lo DESC LIMIT 1`,
  )
  // What the daemon under test wrote: a request.
  return JSON.parse(String(spec?.['body'])) as JobRequest
}

/** The state in which a job's history ends, by stepping the machine over it. */
function replay(
  world: World,
  id: number,
  records: readonly [number, string, ...unknown[]][],
): number {
  const request = requestOf(world, id)
  const facts = factsOf(shapeOf(request))
  const context: JobContext = { attempts: 0, failures: 0, facts }
  let state = jobTable.state('CREATED')
  for (const [, word] of records) {
    // No event of the machine: these campaigns change nothing that it looks at.
    if (silentWords.includes(word)) continue
    const number = jobTable.findEvent(word)
    if (number === undefined) throw new Error(`job ${id}: ${word} is no event`)
    // Words of records are events without arguments: none carries a target in these campaigns.
    const event = { type: word } as Parameters<typeof jobTable.apply>[2]
    const transition = jobTable.step(state, number, context, event)
    if (transition === null) continue
    jobTable.apply(transition, context, event)
    if (transition.isMove) state = settle(transition.target, context, () => undefined)
  }
  return state
}
