// The core's parts in one place: what handlers of events are given. Wiring only, no decisions.
import type { Clock, Log, Randomness } from '../../protocol/ports.ts'
import type { Store } from '../store/store.ts'
import type { AllocationServices } from './allocation-services.ts'
import type { AllocationState } from './allocation-state.ts'
import type { BlackHoles } from './black-holes.ts'
import type { Counters } from './counters.ts'
import type { Feed } from './feed.ts'
import type { HooksLauncherPlan } from './hooks-launcher.ts'
import type { TurnLoop } from './loop.ts'
import type { JournalRecord } from './records.ts'
import type { Sequences } from './sequence.ts'
import type { Sink, Site } from './site.ts'
import type { SpecCache } from './spec-cache.ts'
import type { StepTimes } from './step-template.ts'
import type { SubmissionKeys } from './submission-keys.ts'
import type { Totals } from './totals.ts'
import { decide, type Turn } from './turn.ts'
import type { Watches } from './watches.ts'

/** Facts of this reign. */
export interface Reign {
  readonly siteId: string
  readonly siteDirectory: string
  readonly host: string
  readonly pid: number
  readonly version: string
  readonly socket: string
  readonly epoch: number
  readonly startedAtMs: number
}

/** Polling of allocations (polling.ts). */
export interface Polling {
  /** Polls very soon, and from then on as long as any allocation lives. */
  soon(): void
  stop(): void
}

/** How hooks and transfers are run. */
export interface StepSettings extends StepTimes {
  /** 'daemon': only by the daemon's own launcher, on its node. */
  readonly where: 'launcher' | 'daemon'
  /** How many at once by each launcher that is not told otherwise. */
  readonly slots: number
}

/** Everything a handler may use. */
export interface Core {
  readonly reign: Reign
  readonly clock: Clock
  readonly random: Randomness
  readonly log: Log
  readonly store: Store
  readonly site: Site
  readonly specs: SpecCache
  readonly counters: Counters
  readonly watches: Watches
  readonly feed: Feed
  readonly loop: TurnLoop
  readonly allocations: Map<number, AllocationState>
  /** Schedulers, run directories, journals of ended allocations. */
  readonly services: AllocationServices
  /** Told when the scheduler has answered a submission. */
  readonly onSubmitted: Map<number, () => void>
  readonly polling: Polling
  /** How many jobs matched a little earlier, for the pages after a first one. */
  readonly totals: Totals
  /** How hooks and transfers are run. */
  readonly steps: StepSettings
  readonly hooksLauncher: HooksLauncherPlan
  readonly blackHoles: BlackHoles
  /** Work that may not overlap: removals, submissions of one key. */
  readonly sequences: Sequences
  readonly submissionKeys: SubmissionKeys
  /** Time between TERM and KILL where nobody asks for another. */
  readonly killGraceMs: number
  /** Is there a file of this absolute path, as far as this host sees? */
  isFile(path: string): Promise<boolean>
  /** Resolves when the tables show everything decided so far. */
  settled(): Promise<void>
  /** Ends the process at once; the next start reads the store. */
  readonly die: (error: unknown) => void
  /** True once the daemon is going down: nothing new is accepted. */
  isDraining: boolean
}

/** Decides within a turn, and hooks what it asks of the outside to the turn's effects. */
export function decideIn(core: Core, turn: Turn, record: JournalRecord): void {
  decide(core.site, turn, record, sinkOf(core, turn))
}

/** Notes transitions for the watches and ends leases after the commit. */
export function sinkOf(core: Core, turn: Turn): Sink {
  return {
    moved: (workflow, first, last, from, to) => {
      core.watches.moved(workflow, first, last, from, to)
      core.feed.moved(workflow, first, last, from, to)
    },
    endLease: (job) => {
      const { token, launcher } = job
      turn.kills.push({ launcher, token, isStep: job.step !== 0 })
    },
    takeBack: ({ token, launcher }) => turn.takeBacks.push({ launcher, token }),
  }
}
