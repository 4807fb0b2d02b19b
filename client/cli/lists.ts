// The short lists: apps, allocations, launchers. None is long enough to need pages.
import type { AllocationItem, LauncherItem } from '../../protocol/calls.ts'
import type { AppSpec } from '../../protocol/job.ts'
import { printList } from './show/document.ts'
import { localTime } from './show/job-columns.ts'
import { stateColour } from './show/look.ts'
import type { Column } from './show/table.ts'
import type { Context, Parsed } from './verb.ts'

const appColumns: readonly Column<AppSpec>[] = [
  { header: 'name', importance: 1, cell: (app) => app.name },
  { header: 'executable', importance: 2, cell: (app) => app.executable },
  { header: 'envscript', importance: 4, cell: (app) => app.envscript },
  { header: 'description', importance: 3, cell: (app) => app.description },
]

/** The columns of allocations; also used where one has just been asked for. */
export const allocationColumns: readonly Column<AllocationItem>[] = [
  { header: 'id', importance: 1, isRight: true, cell: (each) => String(each.id) },
  {
    header: 'state',
    importance: 1,
    cell: (each) => each.state,
    colour: (each) => stateColour(each.state),
  },
  { header: 'scheduler', importance: 5, cell: (each) => each.scheduler },
  { header: 'scheduler_id', importance: 4, cell: (each) => each.scheduler_id ?? '' },
  { header: 'nodes', importance: 2, isRight: true, cell: (each) => String(each.nodes) },
  {
    header: 'minutes',
    importance: 3,
    isRight: true,
    cell: (each) => String(each.wall_time_minutes),
  },
  { header: 'mode', importance: 7, cell: (each) => each.job_mode },
  { header: 'workflows', importance: 6, cell: (each) => each.wf_filter },
  { header: 'project', importance: 9, cell: (each) => each.project },
  { header: 'queue', importance: 8, cell: (each) => each.queue },
  { header: 'started', importance: 10, cell: (each) => localTime(each.started_at) },
  { header: 'reason', importance: 2, cell: (each) => each.reason },
]

const launcherColumns: readonly Column<LauncherItem>[] = [
  { header: 'id', importance: 1, isRight: true, cell: (each) => String(each.id) },
  { header: 'allocation', importance: 3, isRight: true, cell: (each) => String(each.allocation) },
  { header: 'node', importance: 2, cell: (each) => each.node },
  {
    header: 'state',
    importance: 1,
    cell: (each) => each.state,
    colour: (each) => stateColour(each.state),
  },
  { header: 'cpus', importance: 4, isRight: true, cell: (each) => String(each.cpus) },
  { header: 'running', importance: 2, isRight: true, cell: (each) => String(each.running) },
  { header: 'queued', importance: 3, isRight: true, cell: (each) => String(each.queued) },
  { header: 'connected', importance: 5, cell: (each) => localTime(each.connected_at) },
]

/** balsam ls apps. */
export async function listApps(context: Context, parsed: Parsed): Promise<void> {
  printList(context, parsed, 'balsam.apps/1', await context.balsam().apps(), appColumns)
}

/** balsam ls queues. */
export async function listAllocations(context: Context, parsed: Parsed): Promise<void> {
  const items = await context.balsam().allocations()
  printList(context, parsed, 'balsam.allocations/1', items, allocationColumns)
}

/** balsam ls launchers. */
export async function listLaunchers(context: Context, parsed: Parsed): Promise<void> {
  printLaunchers(context, parsed, await context.balsam().launchers())
}

/** balsam server --list-active-connections: those that are still there. */
export async function listConnections(context: Context, parsed: Parsed): Promise<void> {
  const items = await context.balsam().launchers()
  const present = items.filter(({ state }) => state !== 'GONE')
  printLaunchers(context, parsed, present)
}

function printLaunchers(context: Context, parsed: Parsed, items: readonly LauncherItem[]): void {
  printList(context, parsed, 'balsam.launchers/1', items, launcherColumns)
}
