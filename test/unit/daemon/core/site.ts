// A daemon's core for tests: the production core over the real store, on a simulated disk and in
// virtual time. Must never use real time or chance: a test sees the same thing every time.
import type {
  AllocationFacts,
  AllocationServices,
  PollAnswer,
} from '../../../../daemon/core/allocation-services.ts'
import type { Core } from '../../../../daemon/core/core.ts'
import { makeDoor } from '../../../../daemon/core/door.ts'
import { makeCore, resumeCore } from '../../../../daemon/core/make-core.ts'
import type { Door } from '../../../../daemon/links/door.ts'
import { openStore } from '../../../../daemon/store/open-store.ts'
import type { TurnCommit } from '../../../../daemon/store/rows.ts'
import type { Store } from '../../../../daemon/store/store.ts'
import type { AllocationRequest } from '../../../../protocol/calls.ts'
import type { JobRequest, SubmissionReceipt } from '../../../../protocol/job.ts'
import type { Log } from '../../../../protocol/ports.ts'
import { type SimDisk, simDisk } from '../../../simulation/sim-driver.ts'
import {
  clockOf,
  type Life,
  newLife,
  seeded,
  TimeLine,
} from '../../../simulation/world/virtual-time.ts'

/** A log that says nothing. */
export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}

/** A scheduler that does what the test says. */
export class TestScheduler {
  readonly submitted: AllocationFacts[] = []
  readonly cancelled: { id: number; isForced: boolean }[] = []
  /** The allocations of each poll. */
  readonly polled: number[][] = []
  /** Allocations that a poll finds ended. */
  readonly ended = new Set<number>()
  /** Allocations that a poll finds in the queue (again). */
  readonly queued = new Set<number>()
  /** Allocations whose end is written down. */
  readonly forgotten: number[] = []
  /** What it says to submissions that it refuses; null: it takes them. */
  refusal: string | null = null
  /** It hears no submission, and its answers are lost. */
  isDeaf = false
  /** Exits in the journals of ended allocations, flat. */
  exits: number[] = []

  services(): AllocationServices {
    return {
      prepareRun: async () => undefined,
      submit: async (facts) => {
        this.submitted.push(facts)
        if (this.isDeaf) return { kind: 'unknown', why: 'no answer' }
        if (this.refusal !== null) return { kind: 'refused', said: this.refusal }
        return { kind: 'accepted', schedulerId: `s${facts.id}` }
      },
      find: async (facts) => (this.isDeaf ? null : `s${facts.id}`),
      poll: async (known) => {
        this.polled.push(known.map(({ id }) => id))
        const stateOf = (id: number): PollAnswer['state'] => {
          if (this.ended.has(id)) return 'ended'
          return this.queued.has(id) ? 'queued' : 'running'
        }
        const evidence = 'the test says so'
        return new Map(known.map(({ id }) => [id, { state: stateOf(id), evidence }]))
      },
      cancel: async ({ id }, isForced) => {
        this.cancelled.push({ id, isForced })
      },
      readExits: async () => ({ flat: this.exits, reasons: [] }),
      forget: (facts) => {
        this.forgotten.push(facts.id)
      },
    }
  }
}

/** A site with one daemon at a time. */
export class TestSite {
  readonly time = new TimeLine()
  readonly random = seeded(1)
  readonly scheduler = new TestScheduler()
  readonly disk: SimDisk = simDisk({ clock: clockOf(this.time, newLife()), coin: this.random })
  /** Which site the next daemon finds that this is. */
  siteId = 'site'
  /** What the daemon died of, newest last. */
  readonly deaths: unknown[] = []
  /** Called before each commit and catch-up of the store, for tests that look or interfere. */
  readonly hooks: { beforeCommit?: (turn: TurnCommit) => void; afterList?: () => Promise<void> } =
    {}
  private life: Life = newLife()
  private running: { core: Core; door: Door } | null = null

  get core(): Core {
    return this.daemon().core
  }

  get door(): Door {
    return this.daemon().door
  }

  /** Starts a daemon; one that runs is killed first. */
  async start(): Promise<void> {
    this.kill()
    this.life = newLife()
    const clock = clockOf(this.time, this.life)
    const opened = await openStore({ driver: this.disk.driver(), file: null })
    const core = await this.run(
      makeCore({
        clock,
        random: this.random,
        log: silentLog,
        store: this.hooked(opened),
        services: this.scheduler.services(),
        reign: {
          siteId: this.siteId,
          siteDirectory: '/site',
          host: 'login',
          pid: 1,
          version: '0',
          socket: '/s',
        },
        die: (error) => {
          this.deaths.push(error)
          this.kill()
        },
      }),
    )
    const none = (): never => {
      throw new Error('this core has no process')
    }
    this.running = { core, door: makeDoor(core, { status: none, stop: none }) }
    resumeCore(core)
  }

  /** kill -9: nothing that the daemon set in motion goes on. */
  kill(): void {
    this.life.isOver = true
    this.running = null
  }

  /** Lets time pass until the promise is settled. */
  async run<Value>(promise: Promise<Value>): Promise<Value> {
    let isSettled = false
    const settle = (): void => {
      isSettled = true
    }
    promise.then(settle, settle)
    for (let steps = 0; steps < 1_000_000; steps += 1) {
      await quiet()
      if (isSettled) return promise
      this.time.step()
    }
    throw new Error('nothing more happens, and the promise is not settled')
  }

  /** Lets this much time pass. */
  pass(ms: number): Promise<void> {
    return this.run(new Promise((resolve) => this.time.schedule(ms, resolve)))
  }

  /** Submits requests as one submission. */
  submit(requests: readonly JobRequest[], key: string | null = null): Promise<SubmissionReceipt> {
    const writer = this.door.beginSubmission(key)
    return this.run(writer.push(requests).then(() => writer.finish(JSON.stringify(requests))))
  }

  /** Asks for an allocation; its id. */
  async allocate(parts: Partial<AllocationRequest> = {}): Promise<number> {
    const item = await this.run(this.door.requestAllocation({ ...allocation, ...parts }))
    return item.id
  }

  private daemon(): { core: Core; door: Door } {
    if (this.running === null) throw new Error('no daemon runs')
    return this.running
  }

  private hooked(store: Store): Store {
    return {
      ...store,
      commit: (turn) => {
        this.hooks.beforeCommit?.(turn)
        return store.commit(turn)
      },
      list: async (...asked) => {
        const page = await store.list(...asked)
        await this.hooks.afterList?.()
        return page
      },
    }
  }
}

/** A site whose daemon serves. */
export async function startSite(): Promise<TestSite> {
  const site = new TestSite()
  await site.start()
  return site
}

/** Lets everything that needs no time happen. */
export function quiet(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** What an allocation is asked for, unless a test says otherwise. */
export const allocation: AllocationRequest = {
  project: 'p',
  queue: 'q',
  nodes: 1,
  wallTimeMinutes: 60,
  jobMode: 'serial',
  wfFilter: '',
  cpusPerNode: 4,
  idleExitMs: null,
  environment: {},
  isNoExec: false,
}

/** A request of one job named `name`; `parts` say what is different. */
export function request(parts: Partial<JobRequest> = {}): JobRequest {
  return {
    name: 'a',
    workflow: 'w',
    application: null,
    args: '',
    command: ['true'],
    description: '',
    environment: {},
    resources: { cpus: 1, nodePackingCount: 1 },
    priority: 0,
    maxRetries: 0,
    wallTimeMinutes: 1,
    output: { to: 'none' },
    cwd: '/',
    array: null,
    ...parts,
  }
}

/** An array of this many jobs. */
export function array(size: number, parts: Partial<JobRequest> = {}): JobRequest {
  return request({ array: { first: 1, last: size }, ...parts })
}
