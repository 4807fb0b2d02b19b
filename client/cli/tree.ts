// balsam ls --tree: jobs below the jobs they wait for. A job with several parents stands below the
// first and is named below the others. Iterative: a chain of 10^5 jobs is no deeper than two.
import type { JobFilter, JobId, JobItem } from '../../protocol/job.ts'
import { limits } from '../../protocol/limits.ts'
import { paint, stateColour } from './show/look.ts'
import type { Context } from './verb.ts'

/** Indents no further than this, so that a long chain stays readable. */
const shownDepthMax = 20

/** Prints the tree of the matching jobs, with a heading for each workflow where asked for. */
export async function printTree(
  context: Context,
  filter: JobFilter,
  isByWorkflow: boolean,
): Promise<void> {
  const balsam = context.balsam()
  const jobs = new Map<JobId, JobItem>()
  for await (const job of balsam.allJobs(filter)) {
    if (jobs.size === limits.treeJobsMax) {
      context.say(`balsam: only the first ${limits.treeJobsMax} jobs; choose with filters`)
      break
    }
    jobs.set(job.id, job)
  }
  const children = new Map<JobId, JobId[]>()
  const hasParent = new Set<JobId>()
  for await (const { parent, child } of balsam.edges(filter)) {
    if (!jobs.has(parent) || !jobs.has(child)) continue
    hasParent.add(child)
    const known = children.get(parent)
    if (known === undefined) children.set(parent, [child])
    else known.push(child)
  }
  const roots = [...jobs.keys()].filter((id) => !hasParent.has(id))
  if (!isByWorkflow) return printRoots(context, roots, jobs, children)
  const names = [...new Set([...jobs.values()].map(({ workflow }) => workflow))].sort()
  for (const name of names) {
    context.print(`${name}\n`)
    const own = roots.filter((id) => jobs.get(id)?.workflow === name)
    printRoots(context, own, jobs, children)
  }
}

function printRoots(
  context: Context,
  roots: readonly JobId[],
  jobs: ReadonlyMap<JobId, JobItem>,
  children: ReadonlyMap<JobId, readonly JobId[]>,
): void {
  const seen = new Set<JobId>()
  const open = roots.map((id) => ({ id, depth: 0 })).reverse()
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { id, depth } = next
    const job = jobs.get(id)
    if (job === undefined) continue
    const isAgain = seen.has(id)
    seen.add(id)
    context.print(`${lineOf(context, job, depth)}${isAgain ? ' (see above)' : ''}\n`)
    if (isAgain) continue
    const below = children.get(id) ?? []
    for (const child of below.toReversed()) open.push({ id: child, depth: depth + 1 })
  }
}

function lineOf({ look }: Context, job: JobItem, depth: number): string {
  const indent =
    depth > shownDepthMax ? `${'  '.repeat(shownDepthMax)}(${depth}) ` : '  '.repeat(depth)
  const state = paint(job.state, stateColour(job.state), look)
  return `${indent}${job.name} [${job.id}] ${state}`
}
