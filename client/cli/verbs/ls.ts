// balsam ls: lists jobs (by default), apps, workflows, allocations or launchers.
import { fault } from '../../../protocol/faults.ts'
import { hint } from '../../../protocol/suggest.ts'
import { listByState, listJobs, listWorkflows } from '../job-lists.ts'
import { listAllocations, listApps, listLaunchers } from '../lists.ts'
import { declareFilters, isGiven } from '../options.ts'
import { chosenJobs } from '../refs.ts'
import { printTree } from '../tree.ts'
import type { Context, Parsed, Verb } from '../verb.ts'

const lists: Readonly<
  Record<string, (context: Context, parsed: Parsed) => Promise<number> | Promise<void>>
> = {
  jobs: (context, parsed) =>
    isGiven(parsed, 'byStates') ? listByState(context, parsed) : listJobs(context, parsed),
  apps: listApps,
  wf: listWorkflows,
  workflows: listWorkflows,
  queues: listAllocations,
  allocations: listAllocations,
  launchers: listLaunchers,
}

/** The verb. */
export const ls: Verb = {
  declare(command) {
    command.argument('[what]', 'jobs, apps, wf, queues or launchers', 'jobs')
    declareFilters(command)
    command
      .option('--all', 'every job, not only the first 50')
      .option('--limit <N>', 'at most so many')
      .option('--after <ID>', 'jobs with larger ids only')
      .option('--by-states', 'only count them, by state')
      .option('--history', 'with each job’s history')
      .option('--verbose', 'all about each job')
      .option('--tree', 'jobs below those that they wait for')
      .option('--allow-empty', 'exit 0 also when no job matches (else 3)')
  },
  async run(context, parsed) {
    const [what = 'jobs'] = parsed.args
    const list = Object.hasOwn(lists, what) ? lists[what] : undefined
    if (list === undefined) {
      const told = `there is no list of ${what}${hint(what, Object.keys(lists))}`
      throw fault('BAD_FLAG', { what: told, verb: 'ls' })
    }
    if (!isGiven(parsed, 'tree')) return (await list(context, parsed)) ?? 0
    const filter = await chosenJobs({ ...parsed, args: parsed.args.slice(1) }, context)
    await printTree(context, filter, list === listWorkflows)
    return 0
  },
}
