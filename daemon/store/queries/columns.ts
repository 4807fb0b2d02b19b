// The columns that users may name, as SQL over a job's spec `s`, its body `b`, and the row or span
// that it is in. Must never give NULL a meaning of its own: what is not there is NULL.
import { joined, type Sql, sql } from '../sql.ts'

/** What differs between a job's own row and a job in a span. */
export interface Source {
  /** The job's id; a piece of an array may stand for many. */
  readonly id: Sql
  readonly state: Sql
  readonly attempts: Sql
  readonly startedAt: Sql
  readonly endedAt: Sql
  readonly code: Sql
  readonly signal: Sql
  /** History records as a JSON array; NULL where none can name a lease. */
  readonly log: Sql
}

/** A job with a row `j` of its own. */
export const rowSource: Source = {
  id: sql`j.id`,
  state: sql`j.state`,
  attempts: sql`j.attempts`,
  startedAt: sql`j.started_at`,
  endedAt: sql`j.ended_at`,
  code: sql`j.code`,
  signal: sql`j.signal`,
  log: sql`j.log`,
}

/** A job in a span `p`: nothing has happened to it alone. */
export function spanSource(id: Sql): Source {
  const nothing = sql`NULL`
  return {
    id,
    state: sql`p.state`,
    attempts: sql`0`,
    startedAt: nothing,
    endedAt: nothing,
    code: nothing,
    signal: nothing,
    log: nothing,
  }
}

/** How a column's values are compared. */
export type ColumnKind =
  | 'number'
  | 'text'
  /** 0 and 1 in SQL. */
  | 'boolean'
  /** Milliseconds in SQL, ISO 8601 in questions. */
  | 'time'
  /** A path into JSON: the type is the value's own. */
  | 'json'
  | 'state'
  /** Ids, from the edges: a job of an array has its own, and the array's. */
  | 'parents'

/** A column. */
export interface Column {
  readonly kind: ColumnKind
  /** True when two elements of an array may differ in it. */
  readonly isOfElement: boolean
  readonly needsBody: boolean
  /** For paths: where in the body, one way per reading of its numbers (key or index). */
  readonly paths: readonly string[]
  value(source: Source): Sql
}

type Value = (source: Source) => Sql

function plain(kind: ColumnKind, value: Value): Column {
  return { kind, isOfElement: false, needsBody: false, paths: [], value }
}

function ofBody(kind: ColumnKind, path: string, otherwise: Sql = sql`NULL`): Column {
  const found = sql`b.body ->> ${path}`
  const value = otherwise.sql === 'NULL' ? found : sql`coalesce(${found}, ${otherwise})`
  return { kind, isOfElement: false, needsBody: true, paths: [], value: () => value }
}

/** A list of words as one text, as Balsam 0.3 kept it. */
function ofWords(path: string): Column {
  const value = sql`(SELECT coalesce(group_concat(w.value, ' '), '')
    FROM json_each(b.body, ${path}) w)`
  return { kind: 'text', isOfElement: false, needsBody: true, paths: [], value: () => value }
}

function ofResources(key: string, otherwise: Sql): Column {
  return ofBody('number', `$.resources.${key}`, otherwise)
}

/** Name of the job `id` of spec `s`. */
export function nameOf(id: Sql): Sql {
  return sql`CASE WHEN s.array_first IS NULL THEN s.name
    ELSE s.array_name || '-' || (s.array_first + ${id} - s.lo) END`
}

/** Node of the latest lease: the launcher's, as its actor tells. */
const node: Value = ({ log }) =>
  log.sql === 'NULL'
    ? log
    : sql`(SELECT a.body ->> '$.facts.node' FROM actor a WHERE a.kind = 'launcher' AND a.id =
      (SELECT l.value ->> 3 FROM json_each(${log}) l WHERE l.value ->> 1 = 'LEASED'
        ORDER BY l.key DESC LIMIT 1))`

/** The edges `g` into a job: its own, and those of the array that it is in. */
export function edgesInto(id: Sql): Sql {
  const array = sql`(SELECT min(a.child_last) FROM edge a
    WHERE a.child_last > a.child AND a.child_last >= ${id})`
  return sql`(SELECT o.parent, o.parent_last FROM edge o
      WHERE o.child = ${id} AND o.child_last = ${id}
    UNION ALL SELECT o.parent, o.parent_last FROM edge o
      WHERE o.child_last > o.child AND o.child_last = ${array} AND o.child <= ${id}) g`
}

/** How many edges there are; NULL for none. */
const parentsOf: Value = ({ id }) => sql`(SELECT nullif(count(*), 0) FROM ${edgesInto(id)})`

const one = sql`1`
const none = sql`0`
const empty = sql`''`

function workingDirectory(siteDirectory: string): Column {
  const value: Value = ({ id }) => sql`CASE coalesce(b.body ->> '$.output.to', 'workdir')
    WHEN 'workdir' THEN coalesce(nullif(b.body ->> '$.userWorkdir', ''),
      ${siteDirectory} || '/data/' || replace(s.workflow, ' ', '_') || '/' ||
      replace(${nameOf(id)}, ' ', '_') || '_' || ${id})
    ELSE b.body ->> '$.cwd' END`
  return { kind: 'text', isOfElement: true, needsBody: true, paths: [], value }
}

const columns: Readonly<Record<string, Column>> = {
  id: { ...plain('number', (source) => source.id), isOfElement: true },
  name: { ...plain('text', (source) => nameOf(source.id)), isOfElement: true },
  workflow: plain('text', () => sql`s.workflow`),
  application: plain('text', () => sql`s.app`),
  state: plain('state', (source) => source.state),
  attempts: plain('number', (source) => source.attempts),
  started_at: plain('time', (source) => source.startedAt),
  ended_at: plain('time', (source) => source.endedAt),
  return_code: plain('number', (source) => source.code),
  signal: plain('number', (source) => source.signal),
  node: plain('text', node),
  parents: { ...plain('parents', parentsOf), isOfElement: true },
  priority: ofBody('number', '$.priority', none),
  description: ofBody('text', '$.description', empty),
  args: ofBody('text', '$.args', empty),
  command: ofWords('$.command'),
  num_nodes: ofResources('numNodes', one),
  ranks_per_node: ofResources('ranksPerNode', one),
  threads_per_rank: ofResources('threadsPerRank', one),
  threads_per_core: ofResources('threadsPerCore', one),
  cpu_affinity: ofBody('text', '$.resources.cpuAffinity', sql`'none'`),
  cpus: ofResources('cpus', sql`NULL`),
  gpus: ofResources('gpus', none),
  memory_mib: ofResources('memoryMiB', sql`NULL`),
  coschedule_num_nodes: ofResources('coscheduleNumNodes', none),
  node_packing_count: ofResources('nodePackingCount', one),
  wall_time_minutes: ofBody('number', '$.wallTimeMinutes', one),
  max_retries: ofBody('number', '$.maxRetries', none),
  wait_for_parents: ofBody('boolean', '$.waitForParents', one),
  post_error_handler: ofBody('boolean', '$.postErrorHandler', none),
  post_timeout_handler: ofBody('boolean', '$.postTimeoutHandler', none),
  auto_timeout_retry: ofBody('boolean', '$.autoTimeoutRetry', one),
  input_files: ofWords('$.inputFiles'),
  stage_in_url: ofBody('text', '$.stageInUrl', empty),
  stage_out_url: ofBody('text', '$.stageOutUrl', empty),
  stage_out_files: ofWords('$.stageOutFiles'),
  user_workdir: ofBody('text', '$.userWorkdir', empty),
}

/** Whole objects, and paths into them. */
function jsonColumn(field: string): Column | null {
  const [root = '', ...keys] = field.split('.')
  if (root !== 'tags' && root !== 'data' && field !== 'environment') return null
  // A tag's name may hold dots; a path into the data may name an index or a key by a number.
  const paths =
    root === 'tags' && keys.length > 0 ? [`$.tags."${keys.join('.')}"`] : pathsOf(root, keys)
  const ways = paths.map((path) => sql`b.body ->> ${path}`)
  const value = ways.length === 1 ? joined(ways, '') : sql`coalesce(${joined(ways, ', ')})`
  return { kind: 'json', isOfElement: false, needsBody: true, paths, value: () => value }
}

function pathsOf(root: string, keys: readonly string[]): readonly string[] {
  let paths = [`$.${root}`]
  for (const key of keys) {
    const isIndex = /^\d{1,9}$/.test(key) && paths.length < 8
    paths = paths.flatMap((path) => [
      ...(isIndex ? [`${path}[${Number(key)}]`] : []),
      `${path}."${key}"`,
    ])
  }
  return paths
}

/** The column of this name; `siteDirectory` is where working directories lie. */
export function columnOf(field: string, siteDirectory: string): Column {
  if (field === 'working_directory') return workingDirectory(siteDirectory)
  const column = Object.hasOwn(columns, field) ? columns[field] : undefined
  const found = column ?? jsonColumn(field)
  if (found === null) throw new Error(`the column ${field} is not known to the store`)
  return found
}
