// One reign of a daemon over a site, from its start to its end:
// the daemon machine's effects in order.
// Wiring of real ports; decisions are made by the machine and the core.
import { stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { createActor } from 'xstate'
import { daemonMachine, daemonVersion, type StopHow } from '../../machines/daemon.ts'
import { openLive } from '../../machines/live.ts'
import type { Clock, Log, Randomness, SqlDriver } from '../../protocol/ports.ts'
import type { Settings } from '../../protocol/settings.ts'
import { type DirectoryIdentity, siteLayout } from '../../protocol/site-files.ts'
import { version } from '../../protocol/version.ts'
import type { Core } from '../core/core.ts'
import { makeDoor } from '../core/door.ts'
import { makeCore, resumeCore } from '../core/make-core.ts'
import { type Links, openLinks } from '../links/links.ts'
import { secureDirectory, socketPath, socketPlace } from '../links/socket.ts'
import { watchLoop } from '../ports/loop-lag.ts'
import { identityOf } from '../ports/process-identity.ts'
import { type Runner, startRunner } from '../runner/runner.ts'
import { type LauncherAccess, launcherAccess } from '../schedulers/launcher-access.ts'
import { localScheduler } from '../schedulers/local/local.ts'
import type { Scheduler } from '../schedulers/scheduler.ts'
import { allocationServices } from '../schedulers/services.ts'
import { holdSite } from '../store/hold-site.ts'
import { openStore } from '../store/open-store.ts'
import { forgetCopiedAllocations } from './forget-copy.ts'
import { nodeCommand, programFile } from './programs.ts'
import { refuseMovedAlive } from './refuse-moved.ts'
import {
  announce,
  claimSiteId,
  formerPlace,
  openSiteDirectory,
  settleHere,
  unannounce,
} from './site-directory.ts'
import { statusOf } from './status.ts'
import { closeCore, drain, haltCore } from './stopping.ts'
import { watchSite } from './watch-site.ts'

/** What a reign is given by the process. */
export interface RunPlan {
  readonly site: string
  /** The owner on another host is gone for good, says the user. */
  readonly isTakeover: boolean
  readonly clock: Clock
  readonly random: Randomness
  readonly log: Log
  readonly settings: Settings
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
  const { log, settings } = plan
  const directory = openSiteDirectory(plan.site)
  const place = socketPlace(process.env)
  const { uid } = place
  const socket = socketPath(directory.path, place)
  secureDirectory(join(socket, '..'), uid)
  // Early, while this process is small: whatever it starts is forked from that little runner.
  const runner = startRunner({ node: nodeCommand, program: programFile('runner'), log })
  try {
    const held = await holdSite({
      ...plan,
      site: directory.path,
      host: hostname(),
      preference: settings.databaseDriver,
    })
    try {
      return await reign(plan, directory, { ...held, runner, socket, uid })
    } catch (error) {
      // First what writes, then the right to write.
      await held.driver.close().catch(() => undefined)
      held.hold.release()
      throw error
    }
  } catch (error) {
    runner.close()
    throw error
  }
}

/** What a reign has in its hands when it begins. */
interface Hands {
  readonly hold: { release(): void }
  readonly driver: SqlDriver
  readonly driverReason: string
  readonly runner: Runner
  readonly socket: string
  readonly uid: number
}

async function reign(plan: RunPlan, directory: DirectoryIdentity, hands: Hands): Promise<Reign> {
  const { clock, random, log, settings } = plan
  const { runner, socket, uid } = hands
  const host = hostname()
  const machine = openLive(createActor(daemonMachine), daemonVersion)
  const siteId = claimSiteId(directory, random, clock.wallMs())
  const file = join(directory.path, siteLayout.database)
  const store = await openStore({ driver: hands.driver, file, siteDirectory: directory.path })
  const site = { siteId, directory: directory.path, host, settings }
  const link = settings.launcherLink
  const access = launcherAccess({ ...site, socket, link, random, log, uid })
  const core = await makeCore({
    clock,
    random,
    log,
    store,
    services: allocationServices(schedulersOf(plan, site, runner), site, access),
    killGraceMs: settings.killGraceMs,
    steps: {
      where: settings.hooksWhere,
      slots: settings.hookSlots,
      hookMs: settings.hookMs,
      stageMs: settings.transferMs,
    },
    isFile: (path) =>
      stat(path).then(
        (found) => found.isFile(),
        () => false,
      ),
    reign: { siteId, siteDirectory: directory.path, host, pid: process.pid, version, socket },
    die: plan.die,
  })
  machine.deliver({ type: 'STORE_OPENED', epoch: core.reign.epoch })
  try {
    await forgetCopiedAllocations(core)
    const from = formerPlace(directory)
    await refuseMovedAlive(core, from)
    if (from !== null) settleHere(directory)
    for (const { id, isSettled } of core.allocations.values()) if (isSettled) access.revoke(id)
    resumeCore(core)
    machine.deliver({ type: 'RECOVERED' })
    return await serve(plan, core, {
      machine,
      access,
      directory,
      socket,
      uid,
      driverReason: hands.driverReason,
      release: () => {
        runner.close()
        hands.hold.release()
      },
    })
  } catch (error) {
    // Else it would go on to write, into a database that is closed by then.
    await haltCore(core)
    throw error
  }
}

function schedulersOf(
  { clock, log, settings }: RunPlan,
  site: { readonly siteId: string; readonly directory: string },
  runner: Runner,
): Scheduler[] {
  return (['local', 'foreign'] as const).map((name) =>
    localScheduler({
      name,
      siteId: site.siteId,
      siteDirectory: site.directory,
      runner,
      clock,
      log,
      killGraceMs: settings.killGraceMs,
      supervisor: [...nodeCommand, programFile('supervisor')],
      environment: process.env,
    }),
  )
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
  readonly access: LauncherAccess
  readonly directory: DirectoryIdentity
  readonly socket: string
  readonly uid: number
  readonly driverReason: string
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
    unwatch()
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
  const unwatch = watchSite(serving.directory, clock, () => {
    void stop('restart', 'the directory of the site is gone').then(close).catch(plan.die)
  })

  const door = makeDoor(core, {
    status: async () =>
      statusOf(core, {
        takeLoopLagMs: () => lag.takeMs(),
        memoryBytes: () => process.memoryUsage.rss(),
        cpuSeconds: () => process.cpuUsage().user / 1e6 + process.cpuUsage().system / 1e6,
        driverReason: serving.driverReason,
      }),
    async stop(how) {
      await stop(how, 'asked for by a call')
      // The caller is answered first; the links wait for that before they close.
      clock.after(0, () => void close().catch(plan.die))
    },
  })
  const { socket, uid, access } = serving
  const { listen } = plan.settings
  const tls = listen && { ...listen, siteId: core.reign.siteId, keys: access.keys }
  links = await openLinks({ door, ports: { clock, log }, socket, uid, tls })
  try {
    const living = [...core.allocations.values()].filter(({ isSettled }) => !isSettled)
    await access.opened(
      links.tls,
      living.map(({ facts }) => facts),
    )
    announceCore(core, links)
  } catch (error) {
    await links.close('the daemon could not start')
    throw error
  }
  log.info('serving', {
    site: core.reign.siteDirectory,
    epoch: core.reign.epoch,
    socket: links.socket,
    tls: links.tls,
  })
  return {
    stop: (how, reason) => stop(how, reason).then(close),
    ended: ended.promise,
  }
}

/** From now on clients find this daemon. */
function announceCore({ reign }: Core, links: Links): void {
  const identity = identityOf(process.pid)
  announce(reign.siteDirectory, {
    siteId: reign.siteId,
    host: reign.host,
    bootId: identity?.bootId ?? '',
    pid: process.pid,
    startTime: identity?.startTime ?? 0,
    socket: links.socket,
    epoch: reign.epoch,
    version,
    startedAt: new Date(reign.startedAtMs).toISOString(),
  })
}
