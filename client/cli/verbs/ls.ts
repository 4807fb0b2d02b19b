// balsam ls: lists jobs (by default), apps, workflows, allocations or launchers.
import { fault } from '../../../protocol/faults.ts'
import { hint } from '../../../protocol/suggest.ts'
import { listByState, listJobs, listWorkflows } from '../job-lists.ts'
import { listAllocations, listApps, listLaunchers } from '../lists.ts'
import { declareFilters, declareLater, isGiven, refuseLater } from '../options.ts'
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
      .option('--allow-empty', 'exit 0 also when no job matches (else 3)')
    declareLater(command, ['--tree'])
  },
  async run(context, parsed) {
    refuseLater(parsed, { tree: 'dependencies between jobs come with a later version' })
    const [what = 'jobs'] = parsed.args
    const list = Object.hasOwn(lists, what) ? lists[what] : undefined
    if (list === undefined) {
      const told = `there is no list of ${what}${hint(what, Object.keys(lists))}`
      throw fault('BAD_FLAG', { what: told, verb: 'ls' })
    }
    return (await list(context, parsed)) ?? 0
  },
}
