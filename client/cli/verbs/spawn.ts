// balsam spawn: within a task, adds a child: a copy of the current job with what the flags change,
// which waits for it. Balsam 0.3's dag.spawn_child on the command line.
import { fault } from '../../../protocol/faults.ts'
import type { JobInput } from '../../../protocol/job.ts'
import { isGiven, textOf } from '../options.ts'
import { refOf } from '../refs.ts'
import { storedCommand } from '../request/executable.ts'
import { declareJobFields, jobOfFlags } from '../request/flags.ts'
import { printReceipt } from '../show/receipt.ts'
import type { Context, Parsed, Verb } from '../verb.ts'

/** The verb. */
export const spawn: Verb = {
  takesCommand: true,
  declare(command) {
    command
      .argument('[command...]', 'another command than that of the current job')
      .usage('[options] [-- CMD ARGS…]')
      .option('--name <NAME>', 'default: that of the current job')
      .option('--application <APP>', 'another app')
      .option('--args <WORDS>', 'other words after the app’s executable')
      .option('--cpus <N>', 'whole cores')
      .option('--no-wait', 'don’t wait for the current job')
    declareJobFields(command)
  },
  async run(context, parsed) {
    const balsam = context.balsam()
    const current = await balsam.job(refOf('current', context))
    const { array: _a, spawnedBy: _s, ...own } = current.request
    const changes = changesOf(context, parsed)
    const waitsFor = isGiven(parsed, 'wait') ? [...current.parents, current.id] : current.parents
    const child: JobInput = {
      ...own,
      ...changes,
      name: textOf(parsed, 'name') ?? current.name,
      resources: { ...own.resources, ...changes.resources },
      parents: [...waitsFor, ...(changes.parents ?? [])],
    }
    const receipt = await balsam.submit([child])
    printReceipt(context, parsed, receipt, `${child.name} (child of ${current.id})`)
    return 0
  },
}

function changesOf(context: Context, parsed: Parsed): Omit<JobInput, 'name'> {
  const { env, cwd } = context.terminal
  const words = parsed.args[0] === '--' ? parsed.args.slice(1) : parsed.args
  const { cwd: _, ...changes } = jobOfFlags(context, parsed)
  if (words.length === 0) {
    return changes.application === undefined ? changes : { ...changes, command: null }
  }
  if (changes.application !== undefined) {
    throw fault('BAD_FLAG', { what: 'give an application or a command', verb: 'spawn' })
  }
  return { ...changes, application: null, args: '', command: storedCommand(words, { env, cwd }) }
}
