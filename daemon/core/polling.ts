// Polling of allocations: one query for all that live, often while something is about to change.
import { limits } from '../../protocol/limits.ts'
import type { PollAnswer } from './allocation-services.ts'
import type { AllocationState } from './allocation-state.ts'
import { deliverTo } from './allocations.ts'
import type { Core } from './core.ts'

/** A cancelled allocation that still lives after this long is cancelled by force. */
const cancelOverdueMs = limits.killGraceMs + 5_000

/** Polls very soon, and from then on as long as any allocation lives. */
export function pollSoon(core: Core): void {
  schedule(core, 50)
}

function schedule(core: Core, ms: number): void {
  core.polling.timer?.cancel()
  core.polling.timer = core.clock.after(ms, () => {
    core.polling.timer = null
    void poll(core)
  })
}

async function poll(core: Core): Promise<void> {
  if (core.polling.isAsking) return
  const watched = [...core.allocations.values()].filter(
    (allocation) =>
      allocation.isLive() && ['QUEUED', 'RUNNING', 'ENDING'].includes(allocation.live.state()),
  )
  if (watched.length === 0) return
  core.polling.isAsking = true
  try {
    const answers = await core.services.poll(
      watched.map(({ facts, live }) => ({ ...facts, schedulerId: live.context().schedulerId })),
    )
    for (const allocation of watched) take(core, allocation, answers.get(allocation.id))
  } finally {
    core.polling.isAsking = false
    schedule(core, limits.localPollMs)
  }
}

function take(core: Core, allocation: AllocationState, answer: PollAnswer | undefined): void {
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
  const since = core.polling.endingSince.get(allocation.id)
  if (since === undefined) core.polling.endingSince.set(allocation.id, core.clock.monotonicMs())
  else if (core.clock.monotonicMs() - since > cancelOverdueMs) {
    core.polling.endingSince.set(allocation.id, core.clock.monotonicMs())
    deliverTo(core, allocation, 'cancel overdue', () => ({ type: 'CANCEL_OVERDUE' }))
  }
}
