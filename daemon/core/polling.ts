// Polling of allocations: one query for all that live, often while something is about to change.
import { limits } from '../../protocol/limits.ts'
import type { Timer } from '../../protocol/ports.ts'
import type { PollAnswer } from './allocation-services.ts'
import type { AllocationState } from './allocation-state.ts'
import { deliverTo } from './allocations.ts'
import type { Core, Polling } from './core.ts'

/** A cancelled allocation that still lives this long after its grace is cancelled by force. */
const cancelSlackMs = 5_000

/** After a change is expected, the first look comes this soon. */
const soonMs = 50

interface PollState {
  timer: Timer | null
  isAsking: boolean
  /** Since when (monotonic ms) cancelled allocations have been seen alive. */
  readonly endingSince: Map<number, number>
}

/** Makes the polling of a core; nothing is polled before `soon` is called. */
export function makePolling(coreOf: () => Core): Polling {
  const state: PollState = { timer: null, isAsking: false, endingSince: new Map() }
  return {
    soon: () => schedule(coreOf(), state, soonMs),
    stop: () => state.timer?.cancel(),
  }
}

function schedule(core: Core, polling: PollState, ms: number): void {
  polling.timer?.cancel()
  polling.timer = core.clock.after(ms, () => {
    polling.timer = null
    void poll(core, polling)
  })
}

async function poll(core: Core, polling: PollState): Promise<void> {
  if (polling.isAsking) return
  const watched = [...core.allocations.values()].filter(
    (allocation) =>
      allocation.isLive() && ['QUEUED', 'RUNNING', 'ENDING'].includes(allocation.live.state()),
  )
  if (watched.length === 0) return
  polling.isAsking = true
  try {
    const answers = await core.services.poll(
      watched.map(({ facts, live }) => ({ ...facts, schedulerId: live.context().schedulerId })),
    )
    for (const allocation of watched) take(core, polling, allocation, answers.get(allocation.id))
  } finally {
    polling.isAsking = false
    schedule(core, polling, limits.localPollMs)
  }
}

function take(
  core: Core,
  polling: PollState,
  allocation: AllocationState,
  answer: PollAnswer | undefined,
): void {
  if (answer === undefined || answer.state === 'unknown') return
  const state = allocation.live.state()
  if (answer.state === 'ended') {
    const { evidence, isFailure = false } = answer
    deliverTo(core, allocation, 'poll: ended', (atMs) => ({
      type: 'POLLED_ENDED',
      atMs,
      isFailure,
      reason: isFailure ? evidence : '',
    }))
    return
  }
  if (answer.state === 'running' && state === 'QUEUED') {
    deliverTo(core, allocation, 'poll: running', (atMs) => ({ type: 'POLLED_RUNNING', atMs }))
  } else if (answer.state === 'queued' && state === 'RUNNING') {
    deliverTo(core, allocation, 'poll: queued', () => ({ type: 'POLLED_QUEUED' }))
  }
  if (state !== 'ENDING') return
  const since = polling.endingSince.get(allocation.id)
  if (since === undefined) polling.endingSince.set(allocation.id, core.clock.monotonicMs())
  else if (core.clock.monotonicMs() - since > core.killGraceMs + cancelSlackMs) {
    polling.endingSince.set(allocation.id, core.clock.monotonicMs())
    deliverTo(core, allocation, 'cancel overdue', () => ({ type: 'CANCEL_OVERDUE' }))
  }
}
