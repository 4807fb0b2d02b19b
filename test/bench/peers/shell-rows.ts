// GNU parallel and xargs: no server and no record, but what a shell user has at hand.
// Must be absent with a reason where they are not installed; the bench installs no system package.
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Bench, Group } from '../bench.ts'
import { alternate } from '../measure/alternate.ts'
import { findProgram, mustRun } from '../measure/programs.ts'

interface ShellPeer {
  readonly program: 'xargs' | 'parallel'
  readonly plain: readonly string[]
  readonly withFiles: (directory: string) => readonly string[]
  readonly package: string
}

const shellPeers: readonly ShellPeer[] = [
  {
    program: 'xargs',
    plain: ['-P', '2', '-n', '1', '/bin/true'],
    // xargs cannot redirect; a shell between is how one does it.
    withFiles: (directory) => ['-P', '2', '-I{}', 'sh', '-c', `exec true >'${directory}/{}' 2>&1`],
    package: 'findutils',
  },
  {
    program: 'parallel',
    plain: ['-j', '2', '/bin/true'],
    withFiles: (directory) => ['-j', '2', `/bin/true {} > '${directory}/{}' 2>&1`],
    package: 'parallel',
  },
]

/** Tasks per second of one run without output. */
async function plainRate(bench: Bench, path: string, peer: ShellPeer): Promise<number> {
  const tasks = bench.sizes.shellTasks
  const ended = await mustRun(path, peer.plain, { input: numbers(tasks) })
  return (tasks * 1_000) / ended.ms
}

/** The same with an output file each. */
async function rateWithFiles(bench: Bench, path: string, peer: ShellPeer): Promise<number> {
  const tasks = bench.sizes.shellTasks
  const directory = join(bench.scratch, `${peer.program}-output`)
  mkdirSync(directory)
  try {
    const ended = await mustRun(path, peer.withFiles(directory), { input: numbers(tasks) })
    const files = readdirSync(directory).length
    if (files !== tasks) throw new Error(`${files} output files instead of ${tasks}`)
    return (tasks * 1_000) / ended.ms
  } finally {
    rmSync(directory, { recursive: true })
  }
}

function numbers(count: number): string {
  return Array.from({ length: count }, (_, index) => `${index}\n`).join('')
}

async function measure(bench: Bench, peer: ShellPeer): Promise<void> {
  const path = await findProgram(peer.program)
  if (path === undefined) throw new Error(`not installed (apt-get install ${peer.package})`)
  const version = (await mustRun(path, ['--version'])).stdout.split('\n')[0] ?? ''
  const { loop, sizes } = bench
  for (const [id, rate, yardstick] of [
    [`${peer.program}-true`, plainRate, loop?.rate(sizes.tasks)],
    [`${peer.program}-files`, rateWithFiles, loop?.rateWithFiles(sizes.tasks)],
  ] as const) {
    if (!bench.wants(id)) continue
    const samples = await alternate(sizes.peerRepeats, yardstick, () => rate(bench, path, peer))
    bench.hand(id, { samples, notes: [version] })
  }
}

/** One group a program. */
export const shellPeerGroups: readonly Group[] = shellPeers.map((peer) => ({
  ids: [`${peer.program}-true`, `${peer.program}-files`],
  run: async (bench) => measure(bench, peer),
}))
