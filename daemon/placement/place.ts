// Placement: ready work × room on launchers → assignments. Pure: decides, and changes nothing.
// Real slots are filled first, largest work first; only then short tasks are queued ahead.

/** A queue of alike ready jobs, in the order in which queues are to be served. */
export interface WorkQueue {
  readonly workflow: string
  /** Cores of one job, or null for a share 1 / packing of the node. */
  readonly cpus: number | null
  readonly packing: number
  /** Jobs that are ready. */
  readonly ready: number
  /** Launchers (indices) that are to get none of them. */
  readonly avoided?: ReadonlySet<number>
}

/** A launcher that may take work now. */
export interface LauncherRoom {
  readonly cpus: number
  /** Cores of everything it holds, queued tasks included. */
  readonly usedCpus: number
  /** Tasks that it may hold beyond its slots. */
  readonly backlog: number
  /** Tasks that it may still be given before its link is full. */
  readonly tasksMax: number
  /** Only jobs whose workflow contains this; '' = all. */
  readonly wfFilter: string
}

/** Give `count` jobs of queue `queue` to launcher `launcher` (indices of the inputs). */
export interface Placement {
  readonly launcher: number
  readonly queue: number
  readonly count: number
}

const slack = 1e-4

interface Room {
  readonly index: number
  readonly room: LauncherRoom
  used: number
  tasks: number
}

/**
 * Places as much as fits. Queues must come in serving order: priority, then size, then length.
 * Capacity: Σ cores ≤ cpus of a launcher, plus its backlog of tasks of the size being placed.
 */
export function place(
  queues: readonly WorkQueue[],
  launchers: readonly LauncherRoom[],
): Placement[] {
  const rooms: Room[] = launchers.map((room, index) => ({
    index,
    room,
    used: room.usedCpus,
    tasks: 0,
  }))
  const placements: Placement[] = []
  const left = queues.map((queue) => queue.ready)
  for (const isBacklog of [false, true]) {
    const hungry = rooms.filter(({ room, used }) =>
      isBacklog ? room.backlog > 0 : used < room.cpus,
    )
    if (hungry.length === 0) continue
    for (const [index, queue] of queues.entries()) {
      const remaining = left[index] ?? 0
      if (remaining === 0) continue
      left[index] = spread(queue, index, remaining, hungry, isBacklog, placements)
    }
  }
  return placements
}

/** Gives one queue's jobs to the rooms; returns how many are left. */
function spread(
  queue: WorkQueue,
  index: number,
  ready: number,
  hungry: readonly Room[],
  isBacklog: boolean,
  placements: Placement[],
): number {
  const fitting = hungry.filter(
    ({ room, index: launcher }) =>
      (room.wfFilter === '' || queue.workflow.includes(room.wfFilter)) &&
      queue.avoided?.has(launcher) !== true,
  )
  let remaining = ready
  // Ahead of the slots everybody gets an even part,
  // so that no launcher hoards the tail of the work.
  const share = isBacklog ? Math.ceil(ready / Math.max(1, fitting.length)) : ready
  for (const target of fitting) {
    if (remaining === 0) break
    const count = Math.min(remaining, share, fits(queue, target, isBacklog))
    if (count <= 0) continue
    target.used += count * coresOf(queue, target.room)
    target.tasks += count
    remaining -= count
    placements.push({ launcher: target.index, queue: index, count })
  }
  return remaining
}

function coresOf(queue: WorkQueue, room: LauncherRoom): number {
  return queue.cpus ?? room.cpus / queue.packing
}

function fits(queue: WorkQueue, target: Room, isBacklog: boolean): number {
  const { room } = target
  const cores = coresOf(queue, room)
  if (cores > room.cpus + slack) return 0
  const capacity = room.cpus + (isBacklog ? room.backlog * cores : 0)
  const bySize = Math.floor((capacity - target.used + slack) / cores)
  return Math.min(bySize, room.tasksMax - target.tasks)
}
