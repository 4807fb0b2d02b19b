// The ordered table of everything the bench measures, with the goal of each row.
// Must hold no measured figure: goals come from the design's table, figures from the run.

/** What a bound speaks of: the figure itself, or its ratio to the yardstick beside it. */
export interface Goal {
  readonly of: 'value' | 'ratio'
  readonly is: 'at least' | 'at most' | 'below'
  readonly bound: number
  /** A further goal, shown when the first one is met. */
  readonly stretch?: number
}

/** Something simple, run in the same minute, that says how fast the machine is just now. */
export const yardsticks = {
  loop: { title: 'C loop', unit: 'tasks/s' },
  loopFiles: { title: 'C loop, files', unit: 'tasks/s' },
  spawn: { title: 'one C spawn', unit: 'ms' },
  node: { title: 'node -e 0', unit: 'ms' },
  lines: { title: 'parse+fsync', unit: 's' },
  bareNode: { title: 'bare Node', unit: 'MB' },
  bareNodeCpu: { title: 'bare Node', unit: '%' },
} as const

export type Yardstick = keyof typeof yardsticks

/** One line of the table before it was measured. */
export interface RowPlan {
  readonly id: string
  readonly title: string
  readonly unit: string
  readonly beside: Yardstick | null
  readonly goal: Goal | null
}

function row(
  id: string,
  title: string,
  unit: string,
  beside: Yardstick | null,
  goal: Goal | null = null,
): RowPlan {
  return { id, title, unit, beside, goal }
}

function atLeast(bound: number, of: Goal['of'] = 'value', stretch?: number): Goal {
  return { of, is: 'at least', bound, ...(stretch === undefined ? {} : { stretch }) }
}

function atMost(bound: number, stretch?: number): Goal {
  return { of: 'value', is: 'at most', bound, ...(stretch === undefined ? {} : { stretch }) }
}

function below(bound: number): Goal {
  return { of: 'value', is: 'below', bound }
}

/** The programs that stand beside Balsam, by the prefix of their rows. */
export const peerTitles = {
  hyperqueue: 'HyperQueue (Python build)',
  dask: 'Dask distributed',
  parsl: 'Parsl HTEX',
  xargs: 'xargs -P 2',
  parallel: 'GNU parallel',
} as const

export type Peer = keyof typeof peerTitles

const peers: readonly Peer[] = ['hyperqueue', 'dask', 'parsl', 'xargs', 'parallel']
const peersWithChains: readonly Peer[] = ['hyperqueue', 'dask', 'parsl']

/** Sizes of the queue at which memory, lists and restart are looked at. */
export const queueSizes = { '100k': 100_000, '1m': 1_000_000 } as const

const queued = [
  ['100k', 'array'],
  ['100k', 'different'],
  ['1m', 'array'],
  ['1m', 'different'],
] as const

/** Every row, in the order in which it is printed. */
export const plan: readonly RowPlan[] = [
  row('c-loop', 'C posix_spawn loop, two parents', 'tasks/s', null),
  row('true', 'real `true`, 2 slots, no output', 'tasks/s', 'loop', atLeast(0.65, 'ratio', 0.8)),
  ...peers.map((peer) => row(`${peer}-true`, `  ${peerTitles[peer]}`, 'tasks/s', 'loop')),
  row('c-loop-files', 'C loop that creates the files', 'tasks/s', null),
  row('files', 'real `true`, 2 slots, a file each', 'tasks/s', 'loopFiles', atLeast(0.7, 'ratio')),
  ...peers.map((peer) =>
    row(`${peer}-files`, `  ${peerTitles[peer]}, files`, 'tasks/s', 'loopFiles'),
  ),
  row('python-call', 'Python calls, 2 slots, warm workers', 'tasks/s', 'loop'),
  row('parsl-call', '  Parsl HTEX, python_app', 'tasks/s', 'loop'),
  row('no-exec-64', '--no-exec, one launcher, 64 slots', 'tasks/s', 'loop', atLeast(20_000)),
  row('no-exec-48x8', '--no-exec, 48 launchers of 8', 'tasks/s', 'loop', atLeast(36_000)),
  row('no-exec-48x8-cpu', '  CPU of the daemon in it', 'µs/task', null, atMost(25, 10)),
  row('hop', 'hop: end of `true` → end of its child', 'ms', 'spawn', atMost(4)),
  ...peersWithChains.map((peer) =>
    row(`${peer}-hop`, `  ${peerTitles[peer]}, chain`, 'ms', 'spawn'),
  ),
  row('single', 'one job from the CLI, to its end', 'ms', 'node', atMost(50)),
  row('submit-array', 'submit an array of 100,000', 'ms', 'node', atMost(150)),
  row('submit-different', 'submit 100,000 different jobs', 's', 'lines', atMost(3)),
  row('submit-dag', 'submit 100,000 jobs, 200,000 edges', 's', 'lines', atMost(5)),
  ...queued.map(([size, kind]) =>
    row(
      `memory-${size}-${kind}`,
      `daemon RSS, ${size} queued, ${kind}`,
      'MB',
      'bareNode',
      size === '1m' ? atMost(362) : null,
    ),
  ),
  ...queued.map(([size, kind]) =>
    row(`ls-${size}-${kind}`, `page of ls, ${size} queued, ${kind}`, 'ms', 'node', atMost(200)),
  ),
  row('restart-array', 'restart, 100k queued, array', 'ms', 'node', atMost(1_000)),
  row('restart-different', 'restart, 100k queued, different', 'ms', 'node', atMost(1_000)),
  row('idle-cpu', 'CPU of an idle daemon', '%', 'bareNodeCpu', below(0.5)),
  row('idle-memory', 'RSS of an idle daemon', 'MB', 'bareNode', below(100)),
  row('fsync', 'append 4 KiB and fsync, this disk', 'ms', null),
]
