// The flags that say what a job is, shared by `job`, `submit`, `mkchild` and `spawn`: each is one
// of the fields that job files have, too. A flag that was not given says nothing.
import type { Command } from 'commander'
import type { JobInput } from '../../../protocol/job.ts'
import { collect, environmentOf, wordsOf } from '../options.ts'
import type { Context, Parsed } from '../verb.ts'
import { readJobFields } from './fields.ts'

/** Adds the flags of a job's fields. */
export function declareJobFields(command: Command): void {
  command
    .option('--workflow <WORKFLOW>', 'the tag that groups jobs')
    .option('--description <WORDS...>', 'for people')
    .option('--wall-time-minutes <MINUTES>', 'estimate: of equal jobs, long ones run first')
    .option('--node-packing-count <N>', 'how many such jobs share a node')
    .option('--num-nodes <N>', 'whole nodes')
    .option('--ranks-per-node <N>', 'MPI ranks on each node')
    .option('--threads-per-rank <N>', 'OMP_NUM_THREADS of each rank')
    .option('--threads-per-core <N>', 'hardware threads used of each core')
    .option('--cpu-affinity <HOW>', 'none or depth')
    .option('--coschedule-num-nodes <N>', 'further nodes that the service reserves beside it')
    .option('--gpus <N>', 'GPUs of each node')
    .option('--memory <SIZE>', 'memory on each node, e.g. 64G')
    .option('--env <K=V>', 'a variable of the task; may be repeated', collect)
    .option('--priority <N>', 'larger runs earlier')
    .option('--max-retries <N>', 'tries again after a failed attempt')
    .option('--retry-on <CAUSES>', 'of failures: exit, exit:3, signal, signal:SEGV, start, oom')
    .option('--stdout <FILE>', 'a file ({i} {id} {name} replaced), or none')
    .option('--parents <JOBS>', 'ids or unique names that must finish first', collect)
    .option('--no-wait-for-parents', 'link the parents’ files, but don’t wait')
    .option('--input-files <GLOBS...>', 'of the parents’ files, to be linked')
    .option('--url-in, --stage-in-url <URL>', 'local:/PATH, copied before the preprocess script')
    .option('--url-out, --stage-out-url <URL>', 'where --stage-out-files are copied at the end')
    .option('--stage-out-files <GLOBS...>', 'in the working directory')
    .option('--preprocessor, --preprocess <COMMAND>', 'instead of the app’s')
    .option('--postprocessor, --postprocess <COMMAND>', 'instead of the app’s')
    .option('--post_handle_error, --post-error-handler', 'postprocess handles a failed attempt')
    .option('--post_handle_timeout, --post-timeout-handler', 'postprocess handles a timeout')
    .option('--disable_auto_timeout_retry', 'fail after a timeout instead of running again')
    .option('--tag <KEY=VALUE>', 'may be repeated', collect)
    .option('--data <JSON>', 'an object of your own, open to queries')
    .option('--user-workdir <DIR>', 'work there instead of in data/WORKFLOW/NAME_ID')
}

/** Flags of one word and the fields that they are. */
const fieldOf: Readonly<Record<string, string>> = {
  workflow: 'workflow',
  application: 'application',
  wallTimeMinutes: 'wall_time_minutes',
  nodePackingCount: 'node_packing_count',
  cpus: 'cpus',
  numNodes: 'num_nodes',
  ranksPerNode: 'ranks_per_node',
  threadsPerRank: 'threads_per_rank',
  threadsPerCore: 'threads_per_core',
  cpuAffinity: 'cpu_affinity',
  coscheduleNumNodes: 'coschedule_num_nodes',
  gpus: 'gpus',
  memory: 'memory',
  priority: 'priority',
  maxRetries: 'max_retries',
  retryOn: 'retry_on',
  stdout: 'stdout',
  stageInUrl: 'stage_in_url',
  stageOutUrl: 'stage_out_url',
  preprocess: 'preprocess',
  postprocess: 'postprocess',
  postErrorHandler: 'post_error_handler',
  postTimeoutHandler: 'post_timeout_handler',
  data: 'data',
  userWorkdir: 'user_workdir',
}

/** What the given flags say of a job; a name is the caller's business. */
export function jobOfFlags(context: Context, parsed: Parsed): Omit<JobInput, 'name'> {
  const fields: Record<string, unknown> = { cwd: context.terminal.cwd }
  for (const [option, field] of Object.entries(fieldOf)) {
    const value = parsed.options[option]
    if (value !== undefined) fields[field] = value
  }
  const lists = { args: 'args', description: 'description' }
  for (const [option, field] of Object.entries(lists)) {
    const words = wordsOf(parsed, option)
    if (words.length > 0) fields[field] = words.join(' ')
  }
  for (const [option, field] of [
    ['inputFiles', 'input_files'],
    ['stageOutFiles', 'stage_out_files'],
  ] as const) {
    const words = wordsOf(parsed, option).flatMap((word) => word.split(' ').filter(Boolean))
    if (parsed.options[option] !== undefined) fields[field] = words
  }
  const parents = wordsOf(parsed, 'parents').flatMap((word) => word.split(',').filter(Boolean))
  if (parents.length > 0) fields['parents'] = parents
  if (parsed.options['env'] !== undefined) fields['environment'] = environmentOf(parsed, 'env')
  if (parsed.options['tag'] !== undefined) fields['tags'] = environmentOf(parsed, 'tag')
  if (parsed.options['waitForParents'] === false) fields['wait_for_parents'] = false
  if (parsed.options['disable_auto_timeout_retry'] === true) fields['auto_timeout_retry'] = false
  const { env, cwd } = context.terminal
  const { name: _, ...job } = readJobFields(fields, { env, cwd })
  return job
}
