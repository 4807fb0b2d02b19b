// One campaign in a bad world: jobs are submitted, killed and watched while daemons, launchers,
// links, allocations and the disk fail; then the faults stop, and everything must come to its end.

import { decideIn } from '../../../daemon/core/core.ts'
import type { Door } from '../../../daemon/links/door.ts'
import type { JobFilter } from '../../../protocol/job.ts'
import { audit, auditWaiting } from './audit.ts'
import type { PlantedBug } from './bugs.ts'
import { type Edge, edgesOf, withParents } from './families.ts'
import { randomRequests } from './requests.ts'
import { World } from './world.ts'

/** What a campaign came to. */
export interface Outcome {
  readonly seed: number
  readonly breaches: readonly string[]
  readonly jobs: number
  readonly virtualMs: number
  readonly events: number
}

/** Faults happen within this much virtual time; then they stop. */
const stormMs = 60_000
/** After the storm everything must have ended within this. */
const calmMsMax = 400_000
/** A world that does more than this is taken for one that never ends. */
const eventsMax = 400_000

/** Runs the campaign of a seed. */
export async function runScenario(seed: number, bug: PlantedBug | null = null): Promise<Outcome> {
  const world = new World(seed, bug)
  const campaign = new Campaign(world)
  const state = { isOver: false, failure: null as unknown }
  campaign.run().then(
    () => {
      state.isOver = true
    },
    (error: unknown) => {
      state.failure = error
      state.isOver = true
    },
  )
  let events = 0
  while (!state.isOver && world.judge.breaches.length === 0) {
    await flushPromises()
    if (state.isOver) break
    events += 1
    if (!world.time.step()) {
      world.judge.breach('nothing happens any more and the campaign is not over')
      break
    }
    if (events > eventsMax || world.time.nowMs > stormMs + calmMsMax) {
      world.judge.breach(
        `not over after ${Math.round(world.time.nowMs / 1_000)} s: ${campaign.describe()}`,
      )
      break
    }
  }
  if (state.failure !== null) {
    const { failure } = state
    const what = failure instanceof Error ? failure.stack : JSON.stringify(failure)
    world.judge.breach(`the campaign failed: ${what ?? ''}`)
  }
  if (world.judge.breaches.length === 0)
    for (const what of audit(world, campaign.acknowledged, campaign.edges)) world.judge.breach(what)
  const outcome = {
    seed,
    breaches: [...world.judge.breaches],
    jobs: campaign.acknowledged.length,
    virtualMs: world.time.nowMs,
    events,
  }
  world.disk.close()
  return outcome
}

function flushPromises(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

class Campaign {
  /** Ids that the client was told of. */
  readonly acknowledged: number[] = []
  /** Edges that the client was told of. */
  readonly edges: Edge[] = []
  private readonly world: World
  private readonly killed = new Set<number>()
  private isStarting = false

  constructor(world: World) {
    this.world = world
  }

  async run(): Promise<void> {
    const { world } = this
    world.judge.onHandler = (jobId, token) => this.handle(jobId, token)
    await world.startDaemon()
    const submissions = 2 + this.upTo(4)
    const work = Array.from({ length: submissions }, (_, index) => this.submit(index))
    void this.allocate()
    void this.addEdges()
    const storm = this.storm()
    await storm
    const submitted = { isDone: false }
    void Promise.all(work).then(() => {
      submitted.isDone = true
    })
    await this.calm(submitted)
  }

  /** What is left, for a campaign that doesn't end. */
  describe(): string {
    const { daemon, scheduler } = this.world
    if (daemon === null) return 'no daemon'
    const { site, allocations } = daemon.core
    const leases = [...site.leases.values()].map((job) => {
      const launcher = site.launchers.get(job.launcher)
      const allocation = launcher && allocations.get(launcher.facts.allocationId)
      const truth = allocation && scheduler.byToken.get(allocation.facts.token)
      return [
        `job ${job.id} token ${job.token} on launcher ${job.launcher}`,
        `(${launcher?.live.state()}, ${launcher?.link ? 'linked' : 'no link'}),`,
        `allocation ${allocation?.id} ${allocation?.live.state()}`,
        `settled=${allocation?.isSettled} really over=${truth?.isOver}`,
      ].join(' ')
    })
    const live = [...allocations.values()].map((one) => `${one.id}:${one.live.state()}`).join(' ')
    const counts = JSON.stringify(site.tallies.states(null))
    return [counts, ...leases.slice(0, 3), `allocations ${live}`].join('; ')
  }

  private upTo(count: number): number {
    return Math.floor(this.world.random.next() * count)
  }

  private sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.world.time.schedule(ms, resolve))
  }

  /**
   * Submits until it is acknowledged, always with the same key:
   * as a client does that lost its daemon.
   */
  private async submit(index: number): Promise<void> {
    const jobs = randomRequests(index, this.world.random)
    await this.sleep(this.upTo(20_000))
    const request = withParents(jobs, this.acknowledged, this.world.random)
    for (;;) {
      const { daemon } = this.world
      if (daemon !== null) {
        const receipt = await this.unlessDead(daemon.life, async () => {
          const writer = daemon.door.beginSubmission(`key-${index}`)
          await writer.push(request)
          return writer.finish(`digest-${index}`)
        })
        if (receipt !== undefined) {
          for (const [first, last] of receipt.ranges) {
            for (let id = first; id <= last; id += 1) this.acknowledged.push(id)
          }
          this.edges.push(...edgesOf(request, receipt))
          if (this.upTo(8) === 0) void this.restartDaemon()
          void this.maybeKill(receipt.ranges[0]?.[0] ?? 0)
          void this.change(index, receipt.ranges[0] ?? [0, 0])
          return
        }
      }
      await this.sleep(200)
    }
  }

  /** A handler sets its job's state while it runs, as by a call with its token; or it does not. */
  private handle(jobId: number, token: number): void {
    const to = (['RESTART_READY', 'JOB_FINISHED', null] as const)[this.upTo(3)] ?? null
    if (to === null) return
    this.world.time.schedule(this.upTo(5_000), () => {
      const core = this.world.daemon?.core
      core?.loop.deliver({
        name: 'a handler sets the state',
        handle(turn) {
          if (core.site.leases.get(token)?.id !== jobId) return
          decideIn(core, turn, ['force', [jobId, jobId], to, 'by its handler', token])
        },
      })
    })
  }

  private async maybeKill(id: number): Promise<void> {
    if (this.world.random.next() < 0.5) return
    await this.sleep(this.upTo(30_000))
    const filter: JobFilter = { ids: [id, id + 2] }
    for (let tries = 0; tries < 50; tries += 1) {
      const { daemon } = this.world
      if (daemon !== null) {
        const receipt = await this.unlessDead(daemon.life, () => daemon.door.kill(filter, 100))
        if (receipt !== undefined) {
          this.killed.add(id)
          return
        }
      }
      await this.sleep(500)
    }
  }

  /** Changes some of the submission's jobs until that is heard; later retries what failed. */
  private async change(index: number, [first, last]: readonly [number, number]): Promise<void> {
    const from = first + this.upTo(last - first + 1)
    const to = from + this.upTo(last - from + 1)
    await this.sleep(this.upTo(30_000))
    const tag = `m${index}`
    const isChanged = await this.untilHeard((door) =>
      door.modify({
        filter: { ranges: [[from, to]] },
        changes: { tags: { [tag]: 'x' }, priority: this.upTo(3), command: ['echo', tag] },
      }),
    )
    if (isChanged) this.world.judge.promised(tag, from, to)
    await this.sleep(this.upTo(20_000))
    if (this.world.time.nowMs > stormMs) return
    const filter: JobFilter = { ranges: [[first, last]], states: ['FAILED'] }
    this.world.judge.retried(first, last)
    await this.untilHeard((door) => door.retry({ filter }))
  }

  /** Says it until a daemon answers; false when none did, or it was refused. */
  private async untilHeard(say: (door: Door) => Promise<unknown>): Promise<boolean> {
    for (let tries = 0; tries < 100; tries += 1) {
      const { daemon } = this.world
      if (daemon !== null) {
        const heard = await this.unlessDead(daemon.life, () => say(daemon.door))
        if (heard !== undefined) return true
      }
      await this.sleep(500)
    }
    return false
  }

  /** Adds parents to jobs during the storm; most of them have started, which is refused. */
  private async addEdges(): Promise<void> {
    while (this.world.time.nowMs < stormMs) {
      await this.sleep(500 + this.upTo(2_000))
      const { daemon } = this.world
      const parent = this.acknowledged[this.upTo(this.acknowledged.length)]
      const child = this.acknowledged[this.upTo(this.acknowledged.length)]
      if (daemon === null || parent === undefined || child === undefined) continue
      // A ready job that waits again does everything again.
      this.world.judge.retried(child, child)
      const receipt = await this.unlessDead(daemon.life, () =>
        daemon.door.addDependencies({ edges: [[parent, child]] }),
      )
      // It may have run before, unheard of: from now on it waits.
      const since = this.world.judge.now()
      if (receipt?.added === 1) this.edges.push({ parent, child, since })
    }
  }

  /** Asks for an allocation whenever none lives, as long as the campaign runs. */
  private async allocate(): Promise<void> {
    for (;;) {
      const { daemon, scheduler } = this.world
      if (
        daemon !== null &&
        scheduler.living().filter(({ facts }) => facts.request.isHooks !== true).length < 2
      ) {
        const nodes = 1 + this.upTo(2)
        await this.unlessDead(daemon.life, () =>
          daemon.door.requestAllocation({
            project: 'p',
            queue: 'q',
            nodes,
            wallTimeMinutes: 0,
            jobMode: 'mixed',
            wfFilter: '',
            cpusPerNode: 2 + this.upTo(3),
            idleExitMs: null,
            environment: {},
            isNoExec: false,
          }),
        )
      }
      await this.sleep(1_000 + this.upTo(3_000))
    }
  }

  private async storm(): Promise<void> {
    while (this.world.time.nowMs < stormMs) {
      await this.sleep(200 + this.upTo(3_000))
      await this.fault()
    }
    this.world.network.weather.breakChance = 0
  }

  private async fault(): Promise<void> {
    const { world } = this
    const living = world.scheduler.living()
    const allocation = living[this.upTo(living.length)]
    const kind = this.upTo(12)
    if (kind <= 2) await this.restartDaemon()
    else if (kind === 3) await this.takeOver()
    else if (kind <= 6 && allocation !== undefined) {
      world.killLauncher(allocation, this.upTo(allocation.nodes.length))
    } else if (kind === 7) world.network.breakOne()
    else if (kind === 8) world.disk.refuse(1 + this.upTo(2))
    else if (kind === 9 && allocation !== undefined) world.endAllocation(allocation)
    else {
      const lives = world.launcherLives()
      const life = lives[this.upTo(lives.length)]
      if (life !== undefined) world.network.partition(life, this.upTo(20_000))
    }
  }

  private async restartDaemon(): Promise<void> {
    const { daemon } = this.world
    if (daemon !== null) this.world.endDaemon(daemon.life)
    await this.sleep(this.upTo(3_000))
    await this.startDaemon()
  }

  /** One start at a time, whoever wants it. */
  private async startDaemon(): Promise<void> {
    if (this.world.daemon !== null || this.isStarting) return
    this.isStarting = true
    await this.world.startDaemon()
    this.isStarting = false
    for (const what of auditWaiting(this.world)) this.world.judge.breach(what)
  }

  /** The daemon is stopped for a while (SIGSTOP), another takes over, and the first goes on. */
  private async takeOver(): Promise<void> {
    const { daemon, time, network } = this.world
    if (daemon === null || this.isStarting) return
    const frozenMs = 500 + this.upTo(8_000)
    daemon.life.frozenUntilMs = time.nowMs + frozenMs
    network.partition(daemon.life, frozenMs)
    this.world.zombies.push(daemon)
    this.world.daemon = null
    await this.startDaemon()
  }

  private async calm(submitted: { readonly isDone: boolean }): Promise<void> {
    for (;;) {
      const { daemon } = this.world
      if (daemon === null) await this.startDaemon()
      else if (submitted.isDone && this.isAllOver(daemon.core)) break
      await this.sleep(500)
    }
    const { daemon } = this.world
    await this.unlessDead(daemon?.life ?? { isOver: true }, async () => daemon?.core.settled())
  }

  private isAllOver(core: NonNullable<World['daemon']>['core']): boolean {
    const states = core.site.tallies.states(null)
    const ended = (states.JOB_FINISHED ?? 0) + (states.FAILED ?? 0) + (states.USER_KILLED ?? 0)
    const all = Object.values(states).reduce((sum, count) => sum + count, 0)
    return all === ended && all >= this.acknowledged.length && core.site.leases.size === 0
  }

  /** What a call gives, or undefined when its daemon died or refused it. */
  private unlessDead<Value>(
    life: { readonly isOver: boolean },
    call: () => Promise<Value>,
  ): Promise<Value | undefined> {
    return new Promise((resolve) => {
      call().then(resolve, () => resolve(undefined))
      const look = (): void => {
        if (life.isOver || this.world.daemon?.life !== life) resolve(undefined)
        else this.world.time.schedule(100, look)
      }
      look()
    })
  }
}
