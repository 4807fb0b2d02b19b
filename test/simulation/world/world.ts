// A whole site in virtual time: the production daemon and launchers over a simulated disk, network,
// scheduler and nodes. One seed decides everything that happens.
import { makeLauncher } from '../../../client/launcher/core/launcher.ts'
import type { Core } from '../../../daemon/core/core.ts'
import { makeDoor } from '../../../daemon/core/door.ts'
import { makeCore, resumeCore } from '../../../daemon/core/make-core.ts'
import type { Door, LauncherLink } from '../../../daemon/links/door.ts'
import { openStore } from '../../../daemon/store/open-store.ts'
import { Fault } from '../../../protocol/faults.ts'
import type { Log, SqlDriver } from '../../../protocol/ports.ts'
import { type SimDisk, simDisk } from '../sim-driver.ts'
import type { PlantedBug } from './bugs.ts'
import { Network } from './network.ts'
import { SimNode } from './node.ts'
import { type SimAllocation, SimScheduler } from './scheduler.ts'
import { Judge } from './truth.ts'
import { clockOf, type Life, newLife, seeded, TimeLine } from './virtual-time.ts'

/** A daemon process of the world. */
export interface SimDaemon {
  readonly life: Life
  readonly core: Core
  readonly door: Door
}

/** BALSAM_SIM_LOG=1 shows what daemon and launchers of a campaign say. */
const isLogged = process.env['BALSAM_SIM_LOG'] === '1'

function logOf(who: string, time: TimeLine): Log {
  const say = (what: string, facts?: object): void => {
    if (isLogged)
      console.log(`${Math.round(time.nowMs)} ${who}: ${what} ${JSON.stringify(facts ?? {})}`)
  }
  return { debug: () => undefined, info: say, warn: say, error: say }
}

/** Everything there is. */
export class World {
  readonly time = new TimeLine()
  readonly random
  readonly judge: Judge
  readonly network: Network
  readonly disk: SimDisk
  readonly scheduler: SimScheduler
  readonly bug: PlantedBug | null
  daemon: SimDaemon | null = null
  private readonly launchers = new Map<SimNode, Life>()
  /** Daemons that were stopped (SIGSTOP) when another took over, and go on later. */
  readonly zombies: SimDaemon[] = []

  constructor(seed: number, bug: PlantedBug | null = null) {
    this.bug = bug
    this.random = seeded(seed)
    this.judge = new Judge(this.random)
    const weather = {
      delayMsMax: 1 + this.random.next() * 40,
      breakChance: this.random.next() * 0.01,
    }
    this.network = new Network(this.time, this.random, weather)
    const diskClock = clockOf(this.time, newLife())
    this.disk = simDisk({
      clock: diskClock,
      coin: this.random,
      latencyMs: () => this.random.next() * 20,
    })
    this.scheduler = new SimScheduler({
      time: this.time,
      random: this.random,
      lostAnswerChance: 0.1,
      makeNodes: (facts) =>
        Array.from(
          { length: facts.request.nodes },
          (_, index) =>
            new SimNode(
              `a${facts.id}n${index}`,
              {
                cpus: facts.request.cpusPerNode ?? 4,
                hookSlots: facts.request.hookSlots ?? 2,
              },
              this.time,
              this.judge,
              this.random,
            ),
        ),
      launch: (allocation) => this.launch(allocation),
    })
  }

  /** Starts a daemon on the disk, beside stopped ones that may still go on. */
  async startDaemon(): Promise<void> {
    const life = newLife()
    try {
      await this.reign(life)
    } catch (error) {
      // A full disk or a newer reign: it says so and ends; somebody starts another.
      if (!(error instanceof Fault)) throw error
      logOf('start', this.time).info(error.message)
      life.isOver = true
    }
  }

  private async reign(life: Life): Promise<void> {
    const clock = clockOf(this.time, life, Math.floor(this.random.next() * 5_000))
    const plain = this.disk.driver({ besideOthers: true })
    const driver: SqlDriver = this.bug?.driver?.(plain) ?? plain
    const opened = await openStore({ driver, file: null })
    const store = this.bug?.store?.(opened) ?? opened
    const core = await makeCore({
      clock,
      random: this.random,
      log: logOf('daemon', this.time),
      store,
      services: this.scheduler.services(() => life.isOver),
      reign: {
        siteId: 'sim',
        siteDirectory: '/site',
        host: 'login',
        pid: 1,
        version: '0',
        socket: '/s',
      },
      die: () => this.endDaemon(life),
    })
    if (life.isOver) return
    this.bug?.core?.(core)
    this.daemon = { life, core, door: makeDoor(core, noProcess) }
    resumeCore(core)
  }

  /** The daemon's process dies (kill -9, or its own decision). */
  endDaemon(life: Life): void {
    if (life.isOver) return
    life.isOver = true
    this.network.died(life)
    if (this.daemon?.life !== life) return
    this.daemon = null
    this.disk.crash()
    // Drivers from before the crash never answer again: the stopped daemons are gone with it.
    for (const zombie of this.zombies) {
      zombie.life.isOver = true
      this.network.died(zombie.life)
    }
    this.zombies.length = 0
  }

  /** A launcher on a node, adopting what runs there. */
  startLauncher(allocation: SimAllocation, nodeIndex: number): void {
    const node = allocation.nodes[nodeIndex]
    if (node === undefined || !node.isUp || allocation.isOver) return
    const life = newLife()
    this.launchers.set(node, life)
    const clock = clockOf(this.time, life, Math.floor(this.random.next() * 5_000))
    const launcher = makeLauncher(
      {
        siteId: 'sim',
        allocationId: allocation.facts.id,
        nodeIndex,
        node: node.name,
        pid: 1,
        cpus: node.cpus,
        memoryMiB: 1_000,
        hookSlots: node.hookSlots,
        killGraceMs: 100,
        idleExitMs: null,
        wallTimeLeftMs: null,
      },
      {
        clock,
        randomness: this.random,
        log: logOf(node.name, this.time),
        machine: { load1: () => 0, memoryFreeMiB: () => 100 },
        dialer: { dial: (handlers) => this.dial(life, handlers) },
        makeRunner: (handlers) => node.runner(life, () => clock.wallMs(), handlers),
        onEnd: (reason) => {
          logOf(node.name, this.time).info('ended', { reason })
          life.isOver = true
        },
      },
    )
    if (this.bug?.forgetsRunning !== true) {
      const { running, exited } = node.adoptable()
      for (const task of running) launcher.adoptRunning(task)
      for (const { token, code, signal, startedAtMs, wallMs, reason } of exited) {
        launcher.adoptExited(token, code, signal, startedAtMs, wallMs, 1, 1, 1_000, 0, reason)
      }
    }
    launcher.start()
  }

  /** kill -9 of a node's launcher; its supervisor starts another. */
  killLauncher(allocation: SimAllocation, nodeIndex: number): void {
    const node = allocation.nodes[nodeIndex]
    const life = node === undefined ? undefined : this.launchers.get(node)
    if (node === undefined || life === undefined || life.isOver) return
    life.isOver = true
    node.launcherDied()
    this.network.died(life)
    this.time.schedule(this.random.next() * 2_000, () => this.startLauncher(allocation, nodeIndex))
  }

  /** An allocation ends without warning. */
  endAllocation(allocation: SimAllocation): void {
    this.scheduler.end(allocation)
    for (const node of allocation.nodes) {
      const life = this.launchers.get(node)
      if (life === undefined) continue
      life.isOver = true
      this.network.died(life)
    }
  }

  /** The lives of launchers that run. */
  launcherLives(): Life[] {
    return [...this.launchers.values()].filter((life) => !life.isOver)
  }

  private launch(allocation: SimAllocation): void {
    for (const index of allocation.nodes.keys()) this.startLauncher(allocation, index)
  }

  private dial(
    life: Life,
    handlers: Parameters<Parameters<typeof makeLauncher>[1]['dialer']['dial']>[0],
  ): ReturnType<Parameters<typeof makeLauncher>[1]['dialer']['dial']> {
    const { daemon } = this
    const own = daemon?.life ?? newLife()
    const connection = this.network.connect([life, own])
    const [near, far] = connection.ends
    connection.attach(0, handlers)
    this.network.later(
      () => {
        if (daemon === null || daemon !== this.daemon || daemon.life.isOver) {
          connection.break('refused')
          return
        }
        const link: LauncherLink = { ...far, accept: () => undefined }
        const heard = daemon.door.launcherConnected(link, { allocationId: null, isLocal: true })
        connection.attach(1, this.bug?.hears?.(heard) ?? heard)
        handlers.onOpen()
      },
      50,
      life,
    )
    return near
  }
}

const noProcess = {
  status: () => Promise.reject(new Error('the simulation has no process')),
  stop: () => Promise.reject(new Error('the simulation has no process')),
}
