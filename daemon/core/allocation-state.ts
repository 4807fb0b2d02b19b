// An allocation in memory: its facts and its machine; to rows and back.
import { createActor } from 'xstate'
import {
  type AllocationContext,
  type AllocationEffect,
  type AllocationEvent,
  type AllocationState as AllocationStateName,
  allocationMachine,
  allocationVersion,
  shownAllocationStates,
} from '../../machines/allocation.ts'
import { type Live, openLive, type StoredSnapshot, storedSnapshot } from '../../machines/live.ts'
import type { AllocationItem } from '../../protocol/calls.ts'
import { siteLayout } from '../../protocol/site-files.ts'
import type { ActorRow } from '../store/rows.ts'
import type { AllocationFacts } from './allocation-services.ts'
import { fromStore } from './stored-json.ts'
import type { Turn } from './turn.ts'
import { isoOf } from './views.ts'

type AllocationLive = Live<
  AllocationStateName,
  AllocationContext,
  AllocationEvent,
  AllocationEffect
>

/** An allocation. */
export interface AllocationState {
  readonly id: number
  readonly facts: AllocationFacts
  readonly live: AllocationLive
  /** True once its leases were settled after its end: nothing of it concerns anybody any more. */
  isSettled: boolean
  isLive(): boolean
}

interface StoredBody {
  readonly stored: StoredSnapshot
  readonly facts: AllocationFacts
  readonly isSettled: boolean
}

/** A new allocation. */
export function makeAllocation(facts: AllocationFacts): AllocationState {
  const actor = createActor(allocationMachine, { input: inputOf(facts) })
  return wrap(facts, openLive(actor, allocationVersion), false)
}

/** An allocation as an earlier reign left it. */
export function restoreAllocation(row: ActorRow, siteDirectory: string): AllocationState {
  const { stored, facts: former, isSettled } = fromStore<StoredBody>(row.body)
  // The site may have been moved since, and its run directories with it.
  const runDirectory = `${siteDirectory}/${siteLayout.allocation(former.id)}`
  const facts = { ...former, runDirectory }
  const snapshot = storedSnapshot(stored, allocationVersion)
  const actor = createActor(allocationMachine, { snapshot, input: inputOf(facts) })
  return wrap(facts, openLive(actor, allocationVersion), isSettled)
}

/** Puts the allocation's row into the turn's commit. */
export function storeAllocation(turn: Turn, allocation: AllocationState): void {
  const { id, facts, isSettled } = allocation
  const stored: StoredBody = { stored: allocation.live.stored(), facts, isSettled }
  const body = JSON.stringify(stored)
  turn.actors.set(`allocation:${id}`, { kind: 'allocation', id, version: allocationVersion, body })
}

/** An allocation as it is shown. */
export function allocationItem(allocation: AllocationState): AllocationItem {
  const { facts } = allocation
  const { request } = facts
  const context = allocation.live.context()
  // Settled while its machine goes on: only what a copy of a site has given up.
  const isOfOriginal =
    allocation.isSettled && !['ENDED', 'FAILED'].includes(allocation.live.state())
  return {
    id: facts.id,
    scheduler: facts.scheduler,
    scheduler_id: context.schedulerId,
    project: request.project,
    queue: request.queue,
    nodes: request.nodes,
    wall_time_minutes: request.wallTimeMinutes,
    job_mode: request.jobMode,
    wf_filter: facts.wfFilter,
    state: isOfOriginal ? 'ENDED' : shownAllocationStates[allocation.live.state()],
    reason: isOfOriginal ? 'the site was copied: it is the original’s' : context.reason,
    is_foreign: facts.scheduler === 'foreign',
    created_at: isoOf(facts.createdAtMs) ?? '',
    started_at: isoOf(context.startedAtMs),
    ended_at: isoOf(context.endedAtMs),
  }
}

function inputOf(facts: AllocationFacts): { wallTimeMs: number | null } {
  const { wallTimeMinutes } = facts.request
  return { wallTimeMs: wallTimeMinutes > 0 ? wallTimeMinutes * 60_000 : null }
}

function wrap(facts: AllocationFacts, live: AllocationLive, isSettled: boolean): AllocationState {
  return {
    id: facts.id,
    facts,
    live,
    isSettled,
    isLive() {
      return !this.isSettled && !['ENDED', 'FAILED'].includes(live.state())
    },
  }
}
