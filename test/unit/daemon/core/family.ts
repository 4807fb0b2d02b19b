// Parents, children and who runs them, for tests of the core.
import type { JobRequest } from '../../../../protocol/job.ts'
import { TestLauncher } from './launcher.ts'
import { request, type TestSite } from './site.ts'

/** A request with a key, which is its name, too, and parents. */
export function job(
  key: string,
  parents: JobRequest['parents'] = [],
  parts: Partial<JobRequest> = {},
): JobRequest {
  return request({ key, name: key, parents, ...parts })
}

/** A launcher of so many cores. */
export async function connected(site: TestSite, cpus = 4): Promise<TestLauncher> {
  const allocation = await site.allocate({ cpusPerNode: cpus })
  return new TestLauncher(site).hello(allocation, { cpus })
}

/** The state of a job. */
export async function stateOf(site: TestSite, ref: string): Promise<string> {
  return (await site.run(site.door.job(ref))).state
}

/** How many jobs are in each state. */
export async function statesOf(site: TestSite): Promise<object> {
  return (await site.run(site.door.tally({}))).states
}

/** What a promise rejects with; null when it resolves. */
export async function refusal(attempt: Promise<unknown>): Promise<unknown> {
  return attempt.then(
    () => null,
    (error: unknown) => error,
  )
}

/** Ends every task that is there, until none comes any more; the jobs in that order. */
export async function runAll(launcher: TestLauncher): Promise<number[]> {
  const order: number[] = []
  for (let done = 0; done < launcher.tasks().length; ) {
    const tasks = launcher.tasks().slice(done)
    done += tasks.length
    for (const { job: id } of tasks) order.push(id)
    await launcher.exited(0, ...tasks.map(({ token }) => token))
  }
  return order
}
