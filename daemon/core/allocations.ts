// Allocations as events: requests, the scheduler's answers, polls, ends. What a machine's effect
// means is said here once; every effect may be repeated after a crash.
import type { AllocationEffect, AllocationEvent } from '../../machines/allocation.ts'
import type { AllocationItem, AllocationRequest } from '../../protocol/calls.ts'
import { fault } from '../../protocol/faults.ts'
import { limits } from '../../protocol/limits.ts'
import { siteLayout } from '../../protocol/site-files.ts'
import type { AllocationFacts, SubmitAnswer } from './allocation-services.ts'
import {
  type AllocationState,
  allocationItem,
  makeAllocation,
  storeAllocation,
} from './allocation-state.ts'
import { type Core, decideIn } from './core.ts'
import { withReasons } from './found-exits.ts'
import { drainLaunchers, endLaunchers, requeueLaunchers } from './goodbye.ts'
import type { Turn } from './turn.ts'

/** Asks the scheduler for an allocation; resolves with its answer, or throws its refusal. */
export async function requestAllocation(
  core: Core,
  request: AllocationRequest,
): Promise<AllocationItem> {
  const answered = Promise.withResolvers<void>()
  const allocation = await core.loop.ask('allocation', (turn) => {
    if (core.isDraining) throw fault('DRAINING')
    const made = addAllocation(core, turn, 'local', request)
    core.onSubmitted.set(made.id, () => answered.resolve())
    follow(core, turn, made, [{ type: 'prepare', waitMs: 0 }])
    return made
  })
  await answered.promise
  const item = allocationItem(allocation)
  if (item.state !== 'FAILED') return item
  throw fault('SCHEDULER_SUBMIT_REFUSED', { scheduler: item.scheduler, said: item.reason })
}

/** A launcher started by hand gets an allocation of its own. */
export async function registerForeign(
  core: Core,
  request: AllocationRequest,
): Promise<AllocationState> {
  const allocation = await core.loop.ask('foreign allocation', (turn) => {
    if (core.isDraining) throw fault('DRAINING')
    const made = addAllocation(core, turn, 'foreign', request)
    move(core, turn, made, { type: 'FOREIGN_REGISTERED', atMs: turn.at })
    return made
  })
  await core.services.prepareRun(allocation.facts)
  core.polling.soon()
  return allocation
}

/** Cancels an allocation; resolves once that is asked for. */
export function cancelAllocation(core: Core, id: number, reason: string): Promise<AllocationItem> {
  return core.loop.ask('cancel allocation', (turn) => {
    const allocation = core.allocations.get(id)
    if (allocation === undefined) throw fault('ALLOCATION_UNKNOWN', { ref: id })
    move(core, turn, allocation, { type: 'CANCEL', atMs: turn.at, reason })
    return allocationItem(allocation)
  })
}

/** A new allocation; its machine has heard nothing yet. */
export function addAllocation(
  core: Core,
  turn: Turn,
  scheduler: string,
  request: AllocationRequest,
): AllocationState {
  const id = core.counters.takeAllocation(turn)
  const facts: AllocationFacts = {
    id,
    scheduler,
    token: `${core.reign.siteId}-${id}-${core.random.hex(4)}`,
    request,
    wfFilter: request.wfFilter,
    runDirectory: `${core.reign.siteDirectory}/${siteLayout.allocation(id)}`,
    createdAtMs: turn.at,
  }
  const allocation = makeAllocation(facts)
  core.allocations.set(id, allocation)
  storeAllocation(turn, allocation)
  return allocation
}

/** Delivers an event to an allocation and sees to what follows. */
export function move(
  core: Core,
  turn: Turn,
  allocation: AllocationState,
  event: AllocationEvent,
): void {
  follow(core, turn, allocation, allocation.live.deliver(event))
}

/** Sees to the effects of an allocation's machine. */
export function follow(
  core: Core,
  turn: Turn,
  allocation: AllocationState,
  effects: readonly AllocationEffect[],
): void {
  for (const effect of effects) followOne(core, turn, allocation, effect)
  storeAllocation(turn, allocation)
}

function followOne(
  core: Core,
  turn: Turn,
  allocation: AllocationState,
  effect: AllocationEffect,
): void {
  switch (effect.type) {
    case 'prepare':
      return prepare(core, turn, allocation, effect.waitMs)
    case 'submit':
      turn.effects.push(() => void submit(core, allocation))
      return
    case 'find':
      turn.effects.push(
        () => void core.clock.after(limits.localPollMs, () => void find(core, allocation)),
      )
      return
    case 'watch':
    case 'started':
      turn.effects.push(() => core.polling.soon())
      return
    case 'cancel':
      drainLaunchers(core, turn, allocation.id)
      turn.effects.push(() => void cancel(core, allocation, effect.isForced))
      return
    case 'requeued':
      return requeueLaunchers(core, turn, allocation.id)
    case 'ended':
      turn.effects.push(() => void settleEnd(core, allocation))
  }
}

function prepare(core: Core, turn: Turn, allocation: AllocationState, waitMs: number): void {
  const submit = { type: 'SUBMIT' } as const
  if (waitMs === 0) return move(core, turn, allocation, submit)
  turn.effects.push(
    () => void core.clock.after(waitMs, () => deliverTo(core, allocation, 'submit', () => submit)),
  )
}

/** Delivers an event that came from outside, in a turn of its own. */
export function deliverTo(
  core: Core,
  allocation: AllocationState,
  name: string,
  event: (at: number) => AllocationEvent,
): void {
  core.loop.deliver({
    name,
    handle: (turn) => move(core, turn, allocation, event(turn.at)),
  })
}

async function submit(core: Core, allocation: AllocationState): Promise<void> {
  const answer = await prepareAndSubmit(core, allocation)
  deliverTo(core, allocation, 'submit answer', (atMs) => {
    if (answer.kind === 'accepted')
      return { type: 'SUBMIT_ACCEPTED', schedulerId: answer.schedulerId }
    if (answer.kind === 'refused') return { type: 'SUBMIT_REFUSED', atMs, reason: answer.said }
    return { type: 'SUBMIT_UNKNOWN', reason: answer.why }
  })
  core.loop.deliver({
    name: 'submitted',
    handle: (turn) =>
      turn.effects.push(() => {
        core.onSubmitted.get(allocation.id)?.()
        core.onSubmitted.delete(allocation.id)
      }),
  })
}

/** A run directory that can't be made, on a full disk for example, is a refusal. */
async function prepareAndSubmit(core: Core, { facts }: AllocationState): Promise<SubmitAnswer> {
  try {
    await core.services.prepareRun(facts)
  } catch (error) {
    return { kind: 'refused', said: error instanceof Error ? error.message : String(error) }
  }
  return await core.services.submit(facts)
}

async function find(core: Core, allocation: AllocationState): Promise<void> {
  const schedulerId = await core.services.find(allocation.facts)
  if (schedulerId === undefined) {
    core.clock.after(limits.schedulerPollMs, () => void find(core, allocation))
    return
  }
  deliverTo(core, allocation, 'search answer', (atMs) =>
    schedulerId === null ? { type: 'NOT_FOUND', atMs } : { type: 'FOUND', schedulerId },
  )
}

async function cancel(core: Core, allocation: AllocationState, isForced: boolean): Promise<void> {
  const { schedulerId } = allocation.live.context()
  await core.services.cancel({ ...allocation.facts, schedulerId }, isForced)
  core.polling.soon()
}

/**
 * Nothing of the allocation lives: what its spawners wrote down is applied, the rest is given up.
 */
async function settleEnd(core: Core, allocation: AllocationState): Promise<void> {
  if (allocation.isSettled) return
  const found = await core.services.readExits(allocation.facts.runDirectory)
  const context = allocation.live.context()
  const { flat, reasons } = withReasons(found, context, core.killGraceMs)
  core.loop.deliver({
    name: 'allocation ended',
    handle: (turn) => {
      if (allocation.isSettled) return
      allocation.isSettled = true
      if (flat.length > 0) decideIn(core, turn, ['exit', flat, reasons])
      const isTimeUp = context.walltimeEndsAtMs !== null && turn.at >= context.walltimeEndsAtMs
      const wasAsked = context.cancelledAtMs !== null
      const why = context.reason === '' ? 'its allocation ended' : context.reason
      endLaunchers(core, turn, allocation.id, isTimeUp || wasAsked ? 'timeout' : 'lost', why)
      storeAllocation(turn, allocation)
      turn.effects.push(() => forget(core, allocation))
    },
  })
}

/** Its key is of no use any more. A file that can't be removed is told, and no reason to end. */
function forget(core: Core, allocation: AllocationState): void {
  try {
    core.services.forget(allocation.facts)
  } catch (error) {
    core.log.warn('the key of an ended allocation stays', {
      id: allocation.id,
      what: String(error),
    })
  }
}
