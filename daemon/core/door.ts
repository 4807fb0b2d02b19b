// The core's door for calls and launchers (links/door.ts):
// each call is a question to the turn loop or a read of the tables.

import { shownLauncherStates } from '../../machines/launcher.ts'
import type { AllocationRequest, LauncherItem } from '../../protocol/calls.ts'
import { fault } from '../../protocol/faults.ts'
import type { Door } from '../links/door.ts'
import { allocationItem } from './allocation-state.ts'
import { cancelAllocation, registerForeign, requestAllocation } from './allocations.ts'
import { putApp, removeApp } from './apps.ts'
import type { Core } from './core.ts'
import { addDependencies } from './dependencies.ts'
import { listEdges } from './edges.ts'
import { listHistories } from './histories.ts'
import { killJobs, removeJobs } from './kill-and-remove.ts'
import type { LauncherState } from './launcher-state.ts'
import { launcherConnected } from './launchers.ts'
import { modifyJobs } from './modify.ts'
import { listJobs, listWorkflows, queryJobs, readJob, tallyJobs } from './reads.ts'
import { retryJobs } from './retry.ts'
import { beginSubmission } from './submit.ts'
import { taskDoor } from './task-door.ts'
import { isoOf } from './views.ts'
import { startWait } from './waits.ts'

/** What the process around the core answers itself. */
export type ProcessCalls = Pick<Door, 'status' | 'stop'>

/** The door of a core. */
export function makeDoor(core: Core, process: ProcessCalls): Door {
  const door: Door = {
    ...process,
    async check() {
      await core.settled()
      const { integrity, breaches } = await core.store.check()
      const ok = integrity === 'ok' && breaches.length === 0
      return { schema: 'balsam.check/1', ok, integrity, breaches }
    },
    apps: async () =>
      [...core.site.apps.values()].toSorted((one, other) => (one.name < other.name ? -1 : 1)),
    addApp: (app) =>
      core.loop.ask('app', (turn) => {
        if (core.site.apps.has(app.name)) throw fault('APP_EXISTS', { name: app.name })
        core.site.apps.set(app.name, app)
        turn.apps.push(app)
        return app
      }),
    putApp: (app) => putApp(core, app),
    removeApp: (name, isForced) => removeApp(core, name, isForced),
    modify: (request) => modifyJobs(core, request),
    retry: (request) => retryJobs(core, request),
    beginSubmission: (key) => beginSubmission(core, key),
    list: (filter, after, limit) => listJobs(core, filter, after, limit),
    query: (request) => queryJobs(core, request),
    job: (ref) => readJob(core, ref),
    tally: (filter) => tallyJobs(core, filter),
    workflows: (after, limit) => listWorkflows(core, after, limit),
    history: (filter) => listHistories(core, filter),
    events: (listener) => core.feed.listen(listener),
    wait: (filter, listener) => startWait(core, filter, listener),
    kill: (filter, graceMs, isRecursive = false) => killJobs(core, filter, graceMs, isRecursive),
    addDependencies: (request) => addDependencies(core, request),
    edges: (filter) => listEdges(core, filter),
    remove: (filter, isDryRun) => removeJobs(core, filter, isDryRun),
    allocations: async () => [...core.allocations.values()].map(allocationItem),
    requestAllocation: (request) => requestAllocation(core, request),
    cancelAllocation: (id) => cancelAllocation(core, id, 'cancelled by the user'),
    launchers: async () => [...core.site.launchers.values()].map(launcherItem),
    async registerForeign(request) {
      const { wallTimeMinutes, cpusPerNode, nodes, wfFilter, jobMode, idleExitMs, isNoExec } =
        request
      const { hookSlots } = request
      const allocation: AllocationRequest = {
        project: '',
        queue: '',
        nodes,
        wallTimeMinutes: wallTimeMinutes ?? 0,
        jobMode,
        wfFilter,
        cpusPerNode,
        idleExitMs,
        environment: {},
        isNoExec,
        ...(hookSlots === undefined ? {} : { hookSlots }),
      }
      const made = await registerForeign(core, allocation)
      return { allocation: allocationItem(made), run_directory: made.facts.runDirectory }
    },
    async backup(file) {
      await core.settled()
      return { file, bytes: await core.store.backup(file) }
    },
    forTask: (token) => taskDoor(core, door, token),
    launcherConnected: (link, peer) => launcherConnected(core, link, peer, door),
  }
  return door
}

function launcherItem(launcher: LauncherState): LauncherItem {
  const running = Math.min(launcher.leases, launcher.running)
  return {
    id: launcher.id,
    allocation: launcher.facts.allocationId,
    node: launcher.facts.node,
    state: shownLauncherStates[launcher.live.state()],
    cpus: launcher.facts.cpus,
    running,
    queued: launcher.leases - running,
    connected_at: launcher.link === null ? null : isoOf(launcher.connectedAtMs),
  }
}
