// What the daemon says of itself.
import type { DaemonStatus } from '../../protocol/calls.ts'
import { frameVersions } from '../../protocol/frames.ts'
import type { Core } from '../core/core.ts'

/** What the process adds to what the core knows. */
export interface ProcessFacts {
  /** Longest blocking of the event loop in ms since the last call. */
  takeLoopLagMs(): number
  memoryBytes(): number
  cpuSeconds(): number
  /** Why the driver is the one it is. */
  readonly driverReason: string
}

/** The status document. */
export function statusOf(core: Core, facts: ProcessFacts): DaemonStatus {
  const { reign, store, site } = core
  const now = core.clock.wallMs()
  let launchers = 0
  for (const { link } of site.launchers.values()) if (link !== null) launchers += 1
  return {
    schema: 'balsam.status/1',
    version: reign.version,
    frame_version: frameVersions.newest,
    state: core.isDraining ? 'draining' : 'serving',
    pid: reign.pid,
    epoch: reign.epoch,
    site: reign.siteDirectory,
    site_id: reign.siteId,
    host: reign.host,
    socket: reign.socket,
    started_at: new Date(reign.startedAtMs).toISOString(),
    uptime_s: (now - reign.startedAtMs) / 1_000,
    rss_mib: Math.round((facts.memoryBytes() / 1_048_576) * 10) / 10,
    cpu_s: facts.cpuSeconds(),
    driver: store.facts.driver,
    driver_reason: facts.driverReason,
    journal_mode: store.facts.journalMode,
    launchers,
    jobs: site.tallies.states(null),
    loop_lag_ms_max: Math.round(facts.takeLoopLagMs() * 10) / 10,
  }
}
