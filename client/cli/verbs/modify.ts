// balsam modify: changes fields of jobs or apps: `modify 7 priority 3` as in Balsam 0.3, or --set.
import type { JobChanges } from '../../../protocol/calls.ts'
import { fault } from '../../../protocol/faults.ts'
import { isJobState, jobStates } from '../../../protocol/states.ts'
import { hint } from '../../../protocol/suggest.ts'
import { modifyApp } from '../app-changes.ts'
import { collect, declareFilters, isGiven, textOf, wordsOf } from '../options.ts'
import { chosenJobs, isEverything } from '../refs.ts'
import { readJobFields } from '../request/fields.ts'
import type { Context, Parsed, Verb } from '../verb.ts'

/** The verb. */
export const modify: Verb = {
  declare(command) {
    command
      .argument('[words...]', 'jobs, then FIELD VALUE (without --set)')
      .usage('[options] JOBS… FIELD VALUE')
      .option('--set <FIELD=VALUE>', 'a change; may be repeated', collect)
      .option('--message <TEXT>', 'why, for the history')
      .option('--replace', 'tags and data take the place of what was there')
      .option('--force', 'also states that a job would not go to by itself')
      .option('--dry-run', 'only say how many it would be')
      .option('--type <TYPE>', 'jobs or apps', 'jobs')
    declareFilters(command)
  },
  async run(context, parsed) {
    const { targets, pairs } = split(parsed)
    if (textOf(parsed, 'type') === 'apps' || targets[0] === 'apps') {
      await modifyApp(
        context,
        targets.filter((word) => word !== 'apps'),
        pairs,
      )
      return 0
    }
    const jobs = targets[0] === 'jobs' ? targets.slice(1) : targets
    const filter = await chosenJobs({ ...parsed, args: jobs }, context)
    if (isEverything(filter)) throw fault('BAD_FLAG', { what: 'which jobs?', verb: 'modify' })
    const message = textOf(parsed, 'message')
    const receipt = await context.balsam().modify({
      filter,
      changes: changesOf(context, pairs),
      ...(message === undefined ? {} : { message }),
      isForced: isGiven(parsed, 'force'),
      isReplacing: isGiven(parsed, 'replace'),
      isDryRun: isGiven(parsed, 'dryRun'),
    })
    if (isGiven(parsed, 'json')) context.print(`${JSON.stringify(receipt)}\n`)
    if (receipt.modified === 0) throw fault('NOTHING_MATCHED')
    context.say(`balsam: ${receipt.modified} ${receipt.dry_run ? 'would be changed' : 'changed'}`)
    return 0
  },
}

type Pair = readonly [field: string, value: string]

/** With --set all words are jobs; else the last two are a field and its value. */
function split(parsed: Parsed): { readonly targets: readonly string[]; readonly pairs: Pair[] } {
  const sets = wordsOf(parsed, 'set').map((text): Pair => {
    const at = text.indexOf('=')
    if (at < 1) throw fault('BAD_FIELD', { field: '--set', what: `${text} is not FIELD=VALUE` })
    return [text.slice(0, at), text.slice(at + 1)]
  })
  if (sets.length > 0) return { targets: parsed.args, pairs: sets }
  const [field, value] = parsed.args.slice(-2)
  if (field === undefined || value === undefined) {
    throw fault('BAD_FLAG', { what: 'a field and its value are missing', verb: 'modify' })
  }
  return { targets: parsed.args.slice(0, -2), pairs: [[field, value]] }
}

/** Fields that belong to the submission and not to the job. */
const fixed = ['key', 'parents', 'array', 'cwd', 'output'] as const

function changesOf(context: Context, pairs: readonly Pair[]): JobChanges {
  const state = pairs.find(([field]) => field === 'state')?.[1].toUpperCase()
  if (state !== undefined && !isJobState(state)) {
    const what = `there is no state ${state}${hint(state, jobStates)}`
    throw fault('BAD_FIELD', { field: 'state', what })
  }
  const { env, cwd } = context.terminal
  const fields = Object.fromEntries(pairs.filter(([field]) => field !== 'state'))
  const job = readJobFields(fields, { env, cwd })
  for (const field of fixed) {
    if (job[field] !== undefined) {
      throw fault('BAD_FIELD', { field, what: 'can’t be changed (parents: see balsam dep)' })
    }
  }
  const { key: _k, parents: _p, array: _a, cwd: _c, output: _o, python: _y, ...rest } = job
  const { application, command, ...changes } = rest
  return {
    ...changes,
    ...(application == null ? {} : { application }),
    ...(command == null ? {} : { command }),
    ...(state === undefined ? {} : { state }),
  }
}
