// Conditions on jobs, orders of lists and columns to ask for: the language of Python's
// `filter(name__contains=…, data__r__gt=…)` on the wire. Vocabulary only; the store runs it.

/**
 * A column of a job: one of `queryFields`, or a path into a tag or the user's data:
 * `tags.exp`, `data.result.energy`. JSON values compare as numbers, texts or booleans.
 */
export type QueryField = string

/** Columns that conditions, orders and `fields` may name, beside `tags.…` and `data.…`. */
export const queryFields = [
  'id',
  'name',
  'workflow',
  'application',
  'state',
  'attempts',
  'started_at',
  'ended_at',
  'return_code',
  'signal',
  'priority',
  'description',
  'args',
  'command',
  'num_nodes',
  'ranks_per_node',
  'threads_per_rank',
  'threads_per_core',
  'cpu_affinity',
  'cpus',
  'gpus',
  'memory_mib',
  'coschedule_num_nodes',
  'node_packing_count',
  'wall_time_minutes',
  'max_retries',
  'wait_for_parents',
  'post_error_handler',
  'post_timeout_handler',
  'auto_timeout_retry',
  'input_files',
  'stage_in_url',
  'stage_out_url',
  'stage_out_files',
  'user_workdir',
  'environment',
  'parents',
  'tags',
  'data',
  'node',
  'working_directory',
] as const

/**
 * Beside the columns, `fields` may name this: the whole JobRequest as it is kept, without loss, as
 * clients need it to change a job or to submit its like. Conditions and orders can't.
 */
export const requestField = 'request'

/** How a column is compared. i… ignores case; `in`: value is a list; `range`: [low, high]. */
export const queryOperators = [
  'eq',
  'ne',
  'lt',
  'le',
  'gt',
  'ge',
  'in',
  'range',
  'contains',
  'icontains',
  'startswith',
  'istartswith',
  'endswith',
  'iendswith',
  'iexact',
  'regex',
  'isnull',
] as const

/** One word of `queryOperators`. */
export type QueryOperator = (typeof queryOperators)[number]

/** One comparison. `contains` on `parents` asks for an id among them. */
export interface Comparison {
  readonly field: QueryField
  readonly op: QueryOperator
  readonly value: unknown
}

/** A condition; `all` of nothing is true, `any` of nothing false. */
export type Where =
  | Comparison
  | { readonly all: readonly Where[] }
  | { readonly any: readonly Where[] }
  | { readonly not: Where }
