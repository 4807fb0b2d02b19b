// Makes a running core out of ports, a store and schedulers:
// boots, wires the loop, resumes what lives.

import { limits } from '../../protocol/limits.ts'
import type { Clock, Log, Randomness } from '../../protocol/ports.ts'
import type { Store } from '../store/store.ts'
import type { AllocationServices } from './allocation-services.ts'
import { follow } from './allocations.ts'
import { BlackHoles } from './black-holes.ts'
import { bootSite } from './boot.ts'
import { makeCatchUpWriter } from './catch-up.ts'
import type { Core, Reign, StepSettings } from './core.ts'
import { Counters } from './counters.ts'
import { Feed } from './feed.ts'
import { noHooksLauncher } from './hooks-launcher.ts'
import { lookForSilence, proveReign } from './launchers.ts'
import { makeTurnLoop } from './loop.ts'
import { placeSteps } from './place-steps.ts'
import { placeWork } from './place-work.ts'
import { makePolling } from './polling.ts'
import { prepareSends, sendTurn } from './send.ts'
import { SpecCache } from './spec-cache.ts'
import { SubmissionKeys } from './submission-keys.ts'
import { Totals } from './totals.ts'
import { Watches } from './watches.ts'

/** What a core is made of. */
export interface CoreParts {
  readonly clock: Clock
  readonly random: Randomness
  readonly log: Log
  readonly store: Store
  readonly services: AllocationServices
  /** Time between TERM and KILL where nobody asks for another. */
  readonly killGraceMs?: number
  /** How hooks and transfers are run. */
  readonly steps?: StepSettings
  /** Looks for a file on this host; default: all are there. */
  readonly isFile?: (path: string) => Promise<boolean>
  /** Facts of the reign that are known before the store is open. */
  readonly reign: Omit<Reign, 'epoch' | 'startedAtMs'>
  /** A failure after which nothing may be decided any more: the process must end. */
  readonly die: (error: unknown) => void
}

const stepsDefault: StepSettings = {
  where: 'launcher',
  slots: limits.hookSlotsDefault,
  hookMs: limits.hookMsDefault,
  stageMs: limits.stageMsDefault,
}

/** Opens the store, reads the site and starts the loop. Throws the faults of the store. */
export async function makeCore(parts: CoreParts): Promise<Core> {
  const { clock, store, log } = parts
  const stored = await store.open(`${parts.reign.host}:${parts.reign.pid}`)
  const { site, allocations } = await bootSite(
    stored,
    parts.reign.siteDirectory,
    (ids) => store.specsOf(ids),
    log,
  )
  const writer = makeCatchUpWriter({
    clock,
    log,
    site,
    write: (rows) => store.catchUp(rows),
    requestTurn: () => loop.deliver({ name: 'catch up', handle: () => undefined }),
    die: parts.die,
  })
  const loop = makeTurnLoop({
    clock,
    log,
    lastSeq: stored.lastSeq,
    place: (turn) => {
      placeWork(core, turn)
      placeSteps(core, turn)
    },
    prepare: (turn, written) => prepareSends(core, turn, written),
    commit: (turn) => store.commit(turn),
    act: (turn) => sendTurn(core, turn),
    afterTurn: (seq) => {
      core.watches.afterTurn()
      core.feed.afterTurn()
      writer.afterTurn(seq)
    },
    die: parts.die,
  })
  const settled = async (): Promise<void> => {
    let written: Promise<void> = Promise.resolve()
    await loop.ask('settle', (turn) => {
      turn.effects.push(() => {
        written = writer.flush(loop.seq())
      })
    })
    await written
  }
  const core: Core = {
    reign: { ...parts.reign, epoch: stored.epoch, startedAtMs: clock.wallMs() },
    clock,
    random: parts.random,
    log,
    store,
    site,
    specs: new SpecCache((ids) => store.specsOf(ids)),
    counters: new Counters(stored.actors, stored.nextJobId),
    watches: new Watches(clock, () => outlook(core)),
    feed: new Feed(),
    loop,
    allocations,
    services: parts.services,
    onSubmitted: new Map(),
    polling: makePolling(() => core),
    totals: new Totals(),
    sequences: new Map(),
    submissionKeys: new SubmissionKeys((key) => store.submission(key)),
    killGraceMs: parts.killGraceMs ?? limits.killGraceMs,
    steps: parts.steps ?? stepsDefault,
    hooksLauncher: noHooksLauncher(),
    blackHoles: new BlackHoles(),
    isFile: parts.isFile ?? (() => Promise.resolve(true)),
    settled,
    die: parts.die,
    isDraining: false,
  }
  // What the last reign changed and didn't put into the tables: specs are read from there.
  if (stored.journal.length > 0) await writer.flush(stored.lastSeq)
  watchSilence(core)
  return core
}

/**
 * Derives the effects of everything that lives again; each may have been cut off by the last end.
 */
export function resumeCore(core: Core): void {
  core.loop.deliver({
    name: 'resume',
    handle: (turn) => {
      for (const allocation of core.allocations.values()) {
        if (allocation.isSettled) continue
        follow(core, turn, allocation, allocation.live.deliver({ type: 'RESUME' }))
      }
    },
  })
}

/**
 * Regular looks: at launchers that should have been heard, and at the epoch, so that a daemon which
 * was stopped while another took over doesn't keep the launchers to itself.
 */
function watchSilence(core: Core): void {
  core.clock.after(limits.heartbeatMs, () => {
    proveReign(core)
    lookForSilence(core)
    watchSilence(core)
  })
}

function outlook(core: Core): { launchers: number; pending_allocations: number } {
  let launchers = 0
  const served = new Set<number>()
  for (const { link, facts } of core.site.launchers.values()) {
    // The daemon's own launcher for hooks runs no jobs.
    if (link === null || facts.cpus === 0) continue
    launchers += 1
    served.add(facts.allocationId)
  }
  let pending = 0
  for (const allocation of core.allocations.values()) {
    if (allocation.facts.request.isHooks === true) continue
    if (allocation.isLive() && allocation.live.state() !== 'ENDING' && !served.has(allocation.id))
      pending += 1
  }
  return { launchers, pending_allocations: pending }
}
