// The scheduler that every machine has: an allocation is a supervisor and the processes that carry
// its marker. Must never call one ended while any of them lives, nor start one twice.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { allocationMarkerVariable, runFiles } from '../../../protocol/allocation-file.ts'
import { limits } from '../../../protocol/limits.ts'
import type { Clock, Log } from '../../../protocol/ports.ts'
import type {
  AllocationFacts,
  KnownAllocation,
  PollAnswer,
  SubmitAnswer,
} from '../../core/allocation-services.ts'
import { isLiving } from '../../ports/process-identity.ts'
import type { Runner } from '../../runner/runner.ts'
import { readClaim } from '../../runner/start.ts'
import { markerFor } from '../run-directory.ts'
import type { Scheduler } from '../scheduler.ts'
import { endAllocation, isLate } from './end.ts'
import type { Looked } from './evidence.ts'
import { judge, lookAt } from './evidence.ts'

/** What the adapter needs. */
export interface LocalPlan {
  /** 'local', or 'foreign' for allocations whose supervisor is started by hand. */
  readonly name: 'local' | 'foreign'
  readonly siteId: string
  readonly siteDirectory: string
  readonly runner: Runner
  readonly clock: Clock
  readonly log: Log
  /** Time between TERM and KILL of tasks: nothing is killed before. */
  readonly killGraceMs: number
  /** Program and first arguments of a supervisor; --run-dir is added. */
  readonly supervisor: readonly string[]
  /** The daemon's own environment: what a supervisor needs of it is passed on. */
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** The claim of the one start of an allocation's supervisor. */
const claimFile = 'start.json'

/** The local scheduler, or its half that only watches. */
export function localScheduler(plan: LocalPlan): Scheduler {
  const claimOf = (facts: AllocationFacts): string => join(facts.runDirectory, claimFile)
  const ports = { ...plan, ending: new Set<number>() }
  const end = (allocation: KnownAllocation, isForced: boolean): Promise<void> =>
    endAllocation(ports, allocation, markerFor(plan.siteId, allocation.id), isForced)

  return {
    name: plan.name,
    pollMs: limits.localPollMs,

    async submit(facts): Promise<SubmitAnswer> {
      if (plan.name === 'foreign') return { kind: 'refused', said: 'it is started by hand' }
      const problem = refusal(facts)
      if (problem !== null) return { kind: 'refused', said: problem }
      try {
        const started = await plan.runner.ask({
          op: 'start',
          argv: [...plan.supervisor, '--run-dir', facts.runDirectory],
          env: supervisorEnvironment(plan, facts),
          cwd: plan.siteDirectory,
          log: join(facts.runDirectory, runFiles.log),
          claim: claimOf(facts),
        })
        if (started.kind === 'failed') return { kind: 'refused', said: started.what }
        if (started.kind === 'started')
          return { kind: 'accepted', schedulerId: String(started.pid) }
        return answerOfClaim(claimOf(facts))
      } catch (error) {
        return { kind: 'unknown', why: error instanceof Error ? error.message : 'no answer' }
      }
    },

    async findByToken(facts) {
      const claim = readClaim(claimOf(facts))
      if (claim === null) return null
      if (claim.started !== null) return String(claim.started.pid)
      if (claim.claimant !== null && isLiving(claim.claimant)) return undefined
      return await findUnrecorded(plan, facts, claimOf(facts))
    },

    async poll(allocations) {
      const looked = await Promise.all(allocations.map((each) => lookAt(each, claimOf(each))))
      const doubtful = looked.filter((each) => !each.isSupervisorLiving)
      const living = await livingOf(plan, doubtful)
      const answers = new Map<number, PollAnswer>()
      for (const each of looked) {
        const answer = judge(each, living.get(each.allocation.id) ?? null, plan)
        answers.set(each.allocation.id, answer)
        const isOverdue = answer.state === 'running' && isLate(each, plan.killGraceMs)
        if (isOverdue && !ports.ending.has(each.allocation.id)) void end(each.allocation, false)
      }
      return answers
    },

    cancel: end,
  }
}

/**
 * The pids that carry each doubtful allocation's marker; an allocation is absent when nobody could
 * look, or could see whose a process is.
 */
async function livingOf(
  plan: LocalPlan,
  doubtful: readonly Looked[],
): Promise<ReadonlyMap<number, readonly number[]>> {
  const living = new Map<number, readonly number[]>()
  if (doubtful.length === 0) return living
  const markers = doubtful.map((each) => markerFor(plan.siteId, each.allocation.id))
  try {
    const first = await plan.runner.ask({ op: 'living', markers })
    const empty = markers.filter((marker) => first.pids[marker] === undefined)
    // A walk over /proc is no snapshot: one that forks and ends while it goes can be missed once.
    const second =
      empty.length === 0 ? first : await plan.runner.ask({ op: 'living', markers: empty })
    const isSure = first.hidden.length === 0 && second.hidden.length === 0
    for (const { allocation } of doubtful) {
      const marker = markerFor(plan.siteId, allocation.id)
      const found = first.pids[marker] ?? second.pids[marker]
      if (found !== undefined) living.set(allocation.id, found)
      else if (isSure) living.set(allocation.id, [])
    }
  } catch (error) {
    plan.log.warn('allocations could not be looked at', { error: String(error) })
  }
  return living
}

/**
 * The runner died between its claim and its record: only the processes can tell whether it
 * started.
 */
async function findUnrecorded(
  plan: LocalPlan,
  facts: AllocationFacts,
  claim: string,
): Promise<string | null | undefined> {
  const marker = markerFor(plan.siteId, facts.id)
  try {
    const { pids, hidden } = await plan.runner.ask({ op: 'living', markers: [marker] })
    const first = pids[marker]?.[0]
    if (first !== undefined) return String(first)
    if (hidden.length > 0) return undefined
    // Nothing of it lives and nobody can start it any more: it may be started anew.
    rmSync(claim, { force: true })
    return null
  } catch {
    return undefined
  }
}

function answerOfClaim(claim: string): SubmitAnswer {
  const started = readClaim(claim)?.started ?? null
  if (started === null) return { kind: 'unknown', why: 'an earlier start is under way' }
  return { kind: 'accepted', schedulerId: String(started.pid) }
}

function refusal(facts: AllocationFacts): string | null {
  const { nodes } = facts.request
  if (nodes <= limits.localNodesMax) return null
  return `${nodes} nodes are asked for, at most ${limits.localNodesMax} are allowed on one machine`
}

/**
 * Of the user's shell only what any program needs: the rest is for the tasks, by allocation.json.
 */
const passedOn = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'LANG',
  'LC_ALL',
  'TZ',
  'TMPDIR',
  'XDG_RUNTIME_DIR',
]

function supervisorEnvironment(plan: LocalPlan, facts: AllocationFacts): Record<string, string> {
  const environment: Record<string, string> = {}
  for (const name of passedOn) {
    const value = facts.request.environment[name] ?? plan.environment[name]
    if (value !== undefined) environment[name] = value
  }
  environment[allocationMarkerVariable] = markerFor(plan.siteId, facts.id)
  return environment
}
