// The fields of a job as people write them, in job files and on command lines: one table from
// names to what the daemon is told. Knows the names of Balsam 0.3 and ours; refuses all others.
import { parseDuration } from '../../../protocol/durations.ts'
import { fault } from '../../../protocol/faults.ts'
import type { JobInput, JobResources } from '../../../protocol/job.ts'
import { expandHome } from '../../../protocol/shell-words.ts'
import { parseMemory } from '../../../protocol/sizes.ts'
import { hint } from '../../../protocol/suggest.ts'
import { homeOf, userPath } from '../../sdk/find-site.ts'
import { parseArray } from './array.ts'
import { type Caller, storedCommand, storedExecutable } from './executable.ts'
import { outputPlan } from './output-plan.ts'

/** What one field says of the job. */
type Patch = Omit<Partial<JobInput>, 'resources'> & { readonly resources?: Partial<JobResources> }
type Reader = (value: unknown, field: string, caller: Caller) => Patch

const text =
  (
    key: 'name' | 'workflow' | 'application' | 'description' | 'key' | 'stageInUrl' | 'stageOutUrl',
  ) =>
  (value: unknown, field: string): Patch => ({ [key]: textOf(value, field) })
const flag =
  (key: 'waitForParents' | 'postErrorHandler' | 'postTimeoutHandler' | 'autoTimeoutRetry') =>
  (value: unknown, field: string): Patch => ({ [key]: flagOf(value, field) })
const number =
  (key: 'priority' | 'maxRetries') =>
  (value: unknown, field: string): Patch => ({ [key]: numberOf(value, field) })
const resource =
  (key: Exclude<keyof JobResources, 'cpuAffinity' | 'memoryMiB'>) =>
  (value: unknown, field: string): Patch => ({ resources: { [key]: numberOf(value, field) } })
const globs =
  (key: 'inputFiles' | 'stageOutFiles') =>
  (value: unknown, field: string): Patch => ({ [key]: wordsOf(value, field, ' ') })
const hook =
  (key: 'preprocess' | 'postprocess') =>
  (value: unknown, field: string, caller: Caller): Patch => {
    const line = textOf(value, field)
    return { [key]: line === '' ? '' : storedExecutable(line, field, caller) }
  }
const minutes = (value: unknown, field: string): Patch => ({
  wallTimeMinutes:
    typeof value === 'number' ? value : parseDuration(textOf(value, field), field, 'm') / 60,
})
const memory = (value: unknown, field: string): Patch => ({
  resources: { memoryMiB: parseMemory(textOf(value, field), field) },
})
const environment = (value: unknown, field: string): Patch => ({
  environment: pairsOf(value, field, ':'),
})

const readers: Readonly<Record<string, Reader>> = {
  key: text('key'),
  name: text('name'),
  workflow: text('workflow'),
  application: text('application'),
  app: text('application'),
  args: (value, field, { env }) => ({
    args: expandHome(wordsOf(value, field, null).join(' '), field, homeOf(env)),
  }),
  command: (value, field, caller) => ({
    command: storedCommand(commandOf(value, field), caller),
    application: null,
  }),
  description: text('description'),
  environment,
  env: environment,
  environ_vars: environment,
  cpus: resource('cpus'),
  node_packing_count: resource('nodePackingCount'),
  num_nodes: resource('numNodes'),
  ranks_per_node: resource('ranksPerNode'),
  threads_per_rank: resource('threadsPerRank'),
  threads_per_core: resource('threadsPerCore'),
  coschedule_num_nodes: resource('coscheduleNumNodes'),
  cpu_affinity: (value, field) => ({ resources: { cpuAffinity: textOf(value, field) } }),
  gpus: resource('gpus'),
  memory,
  mem: memory,
  priority: number('priority'),
  max_retries: number('maxRetries'),
  retry_on: (value, field) => ({ retryOn: wordsOf(value, field, ',') }),
  wall_time_minutes: minutes,
  wall_time: minutes,
  stdout: (value, field, { cwd }) => ({ output: outputPlan(textOf(value, field), cwd) }),
  cwd: (value, field, { cwd }) => ({ cwd: userPath(textOf(value, field), cwd) }),
  array: (value, field) => ({ array: parseArray(textOf(value, field)) }),
  parents: (value, field) => ({ parents: parentsOf(value, field) }),
  wait_for_parents: flag('waitForParents'),
  input_files: globs('inputFiles'),
  stage_in_url: text('stageInUrl'),
  url_in: text('stageInUrl'),
  stage_out_url: text('stageOutUrl'),
  url_out: text('stageOutUrl'),
  stage_out_files: globs('stageOutFiles'),
  preprocess: hook('preprocess'),
  postprocess: hook('postprocess'),
  post_error_handler: flag('postErrorHandler'),
  post_timeout_handler: flag('postTimeoutHandler'),
  auto_timeout_retry: flag('autoTimeoutRetry'),
  tags: (value, field) => ({ tags: pairsOf(value, field, ',') }),
  data: (value, field) => ({ data: objectOf(value, field) }),
  user_workdir: (value, field, { cwd }) => ({ userWorkdir: userPath(textOf(value, field), cwd) }),
}

/** Every field that a job may be given, in the order of the docs. */
export const jobFieldNames: readonly string[] = Object.keys(readers)

/** What one field says; BAD_FIELD for a field or a value that is none. camelCase is understood. */
export function readJobField(name: string, value: unknown, caller: Caller): Patch {
  const field = name
    .replaceAll('-', '_')
    .replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
  const reader = Object.hasOwn(readers, field) ? readers[field] : undefined
  if (reader === undefined) {
    const what = `a job has no such field${hint(field, jobFieldNames)}`
    throw fault('BAD_FIELD', { field: name, what })
  }
  return reader(value, name, caller)
}

/** A job out of its fields; later ones win. BAD_FIELD when it has neither name nor command. */
export function readJobFields(
  fields: Readonly<Record<string, unknown>>,
  caller: Caller,
  defaults: JobInput | null = null,
): Omit<JobInput, 'name'> & { readonly name?: string } {
  let job: Patch = defaults ?? {}
  for (const [name, value] of Object.entries(fields)) {
    const patch = readJobField(name, value, caller)
    const resources = { ...job.resources, ...patch.resources }
    job = { ...job, ...patch, ...(Object.keys(resources).length === 0 ? {} : { resources }) }
  }
  return job
}

function refused(field: string, value: unknown, wanted: string): Error {
  const shown = JSON.stringify(value) ?? String(value)
  const what = `${shown.length > 60 ? `${shown.slice(0, 60)}…` : shown} is not ${wanted}`
  return fault('BAD_FIELD', { field, what })
}

/** Text; a number is taken as it would be written. */
function textOf(value: unknown, field: string): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'bigint') return String(value)
  throw refused(field, value, 'text')
}

function numberOf(value: unknown, field: string): number {
  const number =
    typeof value === 'string' && /^[+-]?[\d_]+(\.\d+)?$/.test(value)
      ? Number(value.replaceAll('_', ''))
      : value
  if (typeof number === 'number' && Number.isFinite(number)) return number
  throw refused(field, value, 'a number')
}

/** True and false, and the words for them: Balsam 0.3 took every word for true. */
function flagOf(value: unknown, field: string): boolean {
  if (typeof value === 'boolean') return value
  if (typeof value === 'string' && /^(true|yes|on|1)$/i.test(value)) return true
  if (typeof value === 'string' && /^(false|no|off|0)$/i.test(value)) return false
  throw refused(field, value, 'true or false')
}

/** A list, or one text whose words are separated; null: one text is one word. */
function wordsOf(value: unknown, field: string, separator: string | null): readonly string[] {
  if (Array.isArray(value)) return value.map((each) => textOf(each, field))
  const whole = textOf(value, field)
  return separator === null ? [whole] : whole.split(separator).filter((word) => word !== '')
}

function commandOf(value: unknown, field: string): readonly string[] {
  if (!Array.isArray(value)) throw refused(field, value, 'a list of words')
  return value.map((each) => textOf(each, field))
}

function parentsOf(value: unknown, field: string): readonly (number | string)[] {
  const found: readonly unknown[] = Array.isArray(value) ? value : wordsOf(value, field, ',')
  return found.map((each) => {
    if (typeof each === 'number') return each
    const word = textOf(each, field)
    return /^\d+$/.test(word) ? Number(word) : word
  })
}

function objectOf(value: unknown, field: string): Readonly<Record<string, unknown>> {
  const found: unknown = typeof value === 'string' ? jsonOf(value, field) : value
  if (typeof found === 'object' && found !== null && !Array.isArray(found)) return { ...found }
  throw refused(field, value, 'a mapping')
}

function jsonOf(value: string, field: string): unknown {
  try {
    return JSON.parse(value)
  } catch {
    throw refused(field, value, 'JSON')
  }
}

/** A mapping of texts; also `A=1:B=2` (0.3), where a value with the separator needs a map. */
function pairsOf(value: unknown, field: string, separator: string): Record<string, string> {
  if (typeof value !== 'string') {
    const entries = Object.entries(objectOf(value, field))
    return Object.fromEntries(entries.map(([name, each]) => [name, textOf(each, field)]))
  }
  const pairs = value.split(separator).filter((pair) => pair !== '')
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=')
      if (at < 1) throw refused(field, value, `NAME=VALUE${separator}NAME=VALUE`)
      return [pair.slice(0, at), pair.slice(at + 1)]
    }),
  )
}
