// One reign of a daemon over a site, from its start to its end:
// the daemon machine's effects in order.
// Wiring of real ports; decisions are made by the machine and the core.
import { hostname } from 'node:os'
import { join } from 'node:path'
import { createActor } from 'xstate'
import { daemonMachine, daemonVersion, type StopHow } from '../../machines/daemon.ts'
import { openLive } from '../../machines/live.ts'
import type { Clock, Log, Randomness } from '../../protocol/ports.ts'
import { siteLayout } from '../../protocol/site-files.ts'
import { version } from '../../protocol/version.ts'
import type { Core } from '../core/core.ts'
import { makeDoor } from '../core/door.ts'
import { makeCore, resumeCore } from '../core/make-core.ts'
import { type Links, openLinks } from '../links/links.ts'
import { secureDirectory, socketPath, socketPlace } from '../links/socket.ts'
import { watchLoop } from '../ports/loop-lag.ts'
import { identityOf } from '../ports/process-identity.ts'
import { startRunner } from '../runner/runner.ts'
import { localScheduler } from '../schedulers/local/local.ts'
import { allocationServices } from '../schedulers/services.ts'
import { holdSite } from '../store/hold-site.ts'
import { openStore } from '../store/open-store.ts'
import { forgetCopiedAllocations } from './forget-copy.ts'
import { nodeCommand, programFile } from './programs.ts'
import { announce, claimSiteId, openSiteDirectory, unannounce } from './site-directory.ts'
import { statusOf } from './status.ts'
import { closeCore, drain } from './stopping.ts'

/** What a reign is given by the process. */
export interface RunPlan {
  readonly site: string
  /** The owner on another host is gone for good, says the user. */
  readonly isTakeover: boolean
  readonly clock: Clock
  readonly random: Randomness
  readonly log: Log
  /** Ends the process at once; the next start reads the store. */
  readonly die: (error: unknown) => void
}

/** A daemon that serves. */
export interface Reign {
  /** Ends it; resolves when everything is written and closed. */
  stop(how: StopHow, reason: string): Promise<void>
  /** Resolves when it has ended, whoever asked for it. */
  readonly ended: Promise<void>
}

/** Starts a daemon; resolves when it serves. Throws the fault that keeps it from serving. */
export async function startReign(plan: RunPlan): Promise<Reign> {
  const { clock, random, log } = plan
  const machine = openLive(createActor(daemonMachine), daemonVersion)
  const place = socketPlace(process.env)
  const directory = openSiteDirectory(plan.site)
  const socket = socketPath(directory.path, place)
  secureDirectory(join(socket, '..'), place.uid)
  // Early, while this process is small: whatever it starts is forked from that little runner.
  const runner = startRunner({ node: nodeCommand, program: programFile('runner'), log })
  const host = hostname()
  try {
    const { hold, driver } = await holdSite({ ...plan, site: directory.path, host })
    const siteId = claimSiteId(directory, random, clock.wallMs())
    const store = await openStore({ driver, file: join(directory.path, siteLayout.database) })
    const schedulers = (['local', 'foreign'] as const).map((name) =>
      localScheduler({
        name,
        siteId,
        siteDirectory: directory.path,
        runner,
        clock,
        log,
        supervisor: [...nodeCommand, programFile('supervisor')],
        environment: process.env,
      }),
    )
    const core = await makeCore({
      clock,
      random,
      log,
      store,
      services: allocationServices(schedulers, {
        siteId,
        directory: directory.path,
        socket,
        host,
      }),
      reign: {
        siteId,
        siteDirectory: directory.path,
        host,
        pid: process.pid,
        version,
        socket,
      },
      die: plan.die,
    })
    machine.deliver({ type: 'STORE_OPENED', epoch: core.reign.epoch })
    await forgetCopiedAllocations(core)
    resumeCore(core)
    machine.deliver({ type: 'RECOVERED' })
    return await serve(plan, core, {
      machine,
      socket,
      uid: place.uid,
      release: () => {
        runner.close()
        hold.release()
      },
    })
  } catch (error) {
    runner.close()
    throw error
  }
}

interface Serving {
  readonly machine: ReturnType<
    typeof openLive<
      unknown,
      unknown,
      Parameters<ReturnType<typeof createActor<typeof daemonMachine>>['send']>[0],
      unknown
    >
  >
  readonly socket: string
  readonly uid: number
  release(): void
}

async function serve(plan: RunPlan, core: Core, serving: Serving): Promise<Reign> {
  const { clock, log } = plan
  const { machine } = serving
  const ended = Promise.withResolvers<void>()
  const lag = watchLoop()
  let stopping: Promise<void> | null = null
  let links: Links | null = null

  const end = async (how: StopHow, reason: string): Promise<void> => {
    log.info('stopping', { how, reason })
    machine.deliver({ type: 'STOP', how, reason })
    const outcome = await drain(core, how)
    machine.deliver({ type: outcome === 'drained' ? 'DRAINED' : 'DRAIN_OVERDUE' })
    await core.settled()
  }
  const close = async (): Promise<void> => {
    unannounce(core.reign.siteDirectory, core.reign.pid)
    await links?.close('the daemon is stopping')
    await closeCore(core)
    serving.release()
    machine.deliver({ type: 'CLOSED' })
    log.info('stopped')
    ended.resolve()
  }
  const stop = (how: StopHow, reason: string): Promise<void> => {
    stopping ??= end(how, reason)
    return stopping
  }

  const door = makeDoor(core, {
    status: async () =>
      statusOf(core, {
        takeLoopLagMs: () => lag.takeMs(),
        memoryBytes: () => process.memoryUsage.rss(),
        cpuSeconds: () => process.cpuUsage().user / 1e6 + process.cpuUsage().system / 1e6,
      }),
    async stop(how) {
      await stop(how, 'asked for by a call')
      // The caller is answered first; the links wait for that before they close.
      clock.after(0, () => void close().catch(plan.die))
    },
  })
  links = await openLinks({ door, ports: { clock, log }, socket: serving.socket, uid: serving.uid })
  announce(core.reign.siteDirectory, {
    siteId: core.reign.siteId,
    host: core.reign.host,
    bootId: identityOf(process.pid)?.bootId ?? '',
    pid: process.pid,
    startTime: identityOf(process.pid)?.startTime ?? 0,
    socket: links.socket,
    epoch: core.reign.epoch,
    version,
    startedAt: new Date(core.reign.startedAtMs).toISOString(),
  })
  log.info('serving', {
    site: core.reign.siteDirectory,
    epoch: core.reign.epoch,
    socket: links.socket,
  })
  return {
    stop: (how, reason) => stop(how, reason).then(close),
    ended: ended.promise,
  }
}
