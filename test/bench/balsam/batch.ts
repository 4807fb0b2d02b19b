// One array of alike tasks, submitted and awaited by the CLI, with what it cost and whether all
// of it came out right. Must check every job: a fast wrong answer is no figure.
import { cpuMs } from '../measure/proc.ts'
import type { Site } from './site.ts'

/** What a batch took. */
export interface Batch {
  /** From the start of `balsam submit --wait` to its end, in ms: the user's own wait. */
  readonly ms: number
  readonly perSecond: number
  /** CPU of the daemon, a task. */
  readonly cpuMicros: number
  /** Longest time that the daemon's event loop was blocked meanwhile. */
  readonly lagMs: number
  readonly wrongs: readonly string[]
}

let batches = 0

/** Submits `tasks` times `true` and waits; `output` is 'none' or a path with {i}. */
export async function runBatch(site: Site, tasks: number, output: string): Promise<Batch> {
  const workflow = `batch-${++batches}`
  const { pid, client } = site.daemon()
  await client.status() // Begins a new maximum of the lag.
  const cpuBefore = cpuMs(pid)
  const what = ['--array', `1-${tasks}`, '--name', 'task', '--workflow', workflow]
  const ended = await site.balsam('submit', ...what, '--stdout', output, '--wait', '--', 'true')
  const cpu = cpuMs(pid) - cpuBefore
  const { loop_lag_ms_max: lagMs } = await client.status()
  const wrongs = await wrongsOf(site, workflow, tasks)
  const { ms } = ended
  return { ms, perSecond: (tasks * 1_000) / ms, cpuMicros: (cpu * 1_000) / tasks, lagMs, wrongs }
}

/** What is not as it must be: every job finished, after exactly one attempt. */
async function wrongsOf(site: Site, workflow: string, tasks: number): Promise<readonly string[]> {
  let total = 0
  let unfinished = 0
  let repeated = 0
  for await (const job of site.daemon().client.allJobs({ workflow })) {
    total += 1
    if (job.state !== 'JOB_FINISHED') unfinished += 1
    if (job.attempts !== 1) repeated += 1
  }
  return [
    ...(total === tasks ? [] : [`${total} jobs instead of ${tasks}`]),
    ...(unfinished === 0 ? [] : [`${unfinished} jobs are not JOB_FINISHED`]),
    ...(repeated === 0 ? [] : [`${repeated} jobs have not exactly one attempt`]),
  ]
}
