// balsam job: adds one job of an app with the flags of Balsam 0.3, a sweep of them, or a file full.
import { fault } from '../../../protocol/faults.ts'
import type { JobInput, ParentRef } from '../../../protocol/job.ts'
import { openJobFile } from '../job-file/jobs.ts'
import { formatOf, type JobFileFormat } from '../job-file/read.ts'
import { collect, textOf, wordsOf } from '../options.ts'
import { declareJobFields, jobOfFlags } from '../request/flags.ts'
import { combinations, jobOfSweep, parseSweep } from '../request/sweep.ts'
import { printReceipt } from '../show/receipt.ts'
import type { Context, Parsed, Verb } from '../verb.ts'

/** The verb. */
export const job: Verb = {
  declare(command) {
    command
      .option('--name <NAME>', 'need not be unique')
      .option('--application <APP>', 'see balsam ls apps')
      .option('--args <WORDS...>', 'what follows the app’s executable; split by quoting')
    declareJobFields(command)
    command
      .option('--cpus <N>', 'whole cores; wins over --node-packing-count')
      .option('--sweep <NAME=VALUES>', '{NAME} takes each value; 0.1,0.2 or 1-100', collect)
      .option('--file <FILE>', 'jobs from a .jsonl, .yaml, .toml or .json file; - reads lines')
      .option('--format <FORMAT>', 'of --file: jsonl, yaml, toml or json')
      .option('--idempotency-key <KEY>', 'the same key and jobs again add nothing')
      .option('-y, --yes', 'accepted for Balsam 0.3’s sake; nothing is asked')
  },
  async run(context, parsed) {
    const path = textOf(parsed, 'file')
    return path === undefined ? addJobs(context, parsed) : addFile(context, parsed, path)
  },
}

/** Adds what the flags say; `more` parents stand before those of the flags. */
export async function addJobs(
  context: Context,
  parsed: Parsed,
  more: readonly ParentRef[] = [],
): Promise<number> {
  const given = jobOfFlags(context, parsed)
  const parents = [...more, ...(given.parents ?? [])]
  const job = parents.length === 0 ? given : { ...given, parents }
  const name = textOf(parsed, 'name')
  if (name === undefined) throw fault('BAD_FLAG', { what: '--name is missing', verb: 'job' })
  if (job.application === undefined) {
    throw fault('BAD_FLAG', { what: '--application is missing', verb: 'job' })
  }
  const one: JobInput = { ...job, name }
  const sweeps = wordsOf(parsed, 'sweep').map(parseSweep)
  const jobs = sweeps.length === 0 ? [one] : sweptJobs(one, sweeps)
  const receipt = await context.balsam().submit(jobs, textOf(parsed, 'idempotencyKey'))
  printReceipt(context, parsed, receipt, `${name} (workflow ${one.workflow ?? 'default'})`)
  return 0
}

/** One job for each combination. */
export function* sweptJobs(
  job: JobInput,
  sweeps: readonly ReturnType<typeof parseSweep>[],
): Generator<JobInput, void, undefined> {
  let number = 0
  for (const values of combinations(sweeps)) {
    number += 1
    yield jobOfSweep(job, values, number)
  }
}

async function addFile(context: Context, parsed: Parsed, path: string): Promise<number> {
  if (wordsOf(parsed, 'sweep').length > 0) {
    throw fault('BAD_FLAG', { what: '--sweep and --file exclude each other', verb: 'job' })
  }
  const { env, cwd } = context.terminal
  const given = jobOfFlags(context, parsed)
  const defaults: JobInput = { cwd, ...given, name: textOf(parsed, 'name') ?? '' }
  const file = openJobFile(path, formatFlag(parsed) ?? formatOf(path), defaults, { env, cwd })
  try {
    const receipt = await context.balsam().submit(file.jobs, textOf(parsed, 'idempotencyKey'))
    printReceipt(context, parsed, receipt, path === '-' ? 'standard input' : path)
    return 0
  } catch (error) {
    throw file.placed(error)
  }
}

function formatFlag(parsed: Parsed): JobFileFormat | undefined {
  const format = textOf(parsed, 'format')
  if (format === undefined || format === 'jsonl' || format === 'yaml') return format
  if (format === 'toml' || format === 'json') return format
  throw fault('BAD_FIELD', {
    field: '--format',
    what: `${format} is none of jsonl, yaml, toml, json`,
  })
}
