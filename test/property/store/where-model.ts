// Conditions made by chance, and what they mean, over plain objects in memory.
// Must never use the store's own code to say what is right.
import * as fc from 'fast-check'
import type { Comparison, Where } from '../../../protocol/query.ts'
import { job } from '../../contract/store/sites.ts'
import { jsonValues, type ModelJob } from './model.ts'

const siteDirectory = '/site'

/** The value of a column; undefined where there is none. */
export function valueAt(field: string, one: ModelJob): unknown {
  const { body } = one
  const row = one.isRow ? job(one.id) : null
  switch (field) {
    case 'id':
      return one.id
    case 'name':
      return one.name
    case 'workflow':
      return one.workflow
    case 'application':
      return one.app ?? undefined
    case 'state':
      return one.state
    case 'attempts':
      return row?.attempts ?? 0
    case 'ended_at':
      return row?.endedAt ?? undefined
    case 'return_code':
      return row?.code ?? undefined
    case 'priority':
      return body.priority
    case 'description':
      return body.description
    case 'num_nodes':
      return body.resources.numNodes ?? 1
    case 'cpus':
      return body.resources.cpus ?? undefined
    case 'post_error_handler':
      return body.postErrorHandler ?? false
    case 'input_files':
      return (body.inputFiles ?? []).join(' ')
    case 'working_directory':
      return `${siteDirectory}/data/${one.workflow}/${one.name}_${one.id}`
    default:
      return inJson(field, body)
  }
}

function inJson(field: string, body: ModelJob['body']): unknown {
  const [root, ...keys] = field.startsWith('tags.') ? ['tags', field.slice(5)] : field.split('.')
  let value: unknown = root === 'tags' ? body.tags : body.data
  for (const key of keys) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = (value as Record<string, unknown>)[key]
  }
  return value ?? undefined
}

/** Does the condition hold for this job? */
export function holds(where: Where, one: ModelJob): boolean {
  if ('all' in where) return where.all.every((part) => holds(part, one))
  if ('any' in where) return where.any.some((part) => holds(part, one))
  if ('not' in where) return !holds(where.not, one)
  return compares(where, valueAt(where.field, one))
}

function compares({ op, value, field }: Comparison, found: unknown): boolean {
  switch (op) {
    case 'isnull':
      return (found === undefined) === value
    case 'eq':
      return equals(found, value)
    case 'ne':
      return !equals(found, value)
    case 'in':
      return (value as unknown[]).some((each) => equals(found, each))
    case 'range': {
      const [low, high] = value as [unknown, unknown]
      return ordered('ge', found, low) && ordered('le', found, high)
    }
    case 'lt':
    case 'le':
    case 'gt':
    case 'ge':
      return ordered(op, found, value)
    case 'contains':
      return contains(found, value)
    default:
      return field !== '' && texts(op, found, value)
  }
}

function equals(found: unknown, value: unknown): boolean {
  if (value === null) return found === undefined
  if (typeof value === 'object') return JSON.stringify(found) === JSON.stringify(value)
  return found === value
}

/** Only like is ordered against like. */
function ordered(op: 'lt' | 'le' | 'gt' | 'ge', found: unknown, value: unknown): boolean {
  if (typeof found !== typeof value || typeof found === 'object') return false
  const [one, other] = [found as number, value as number]
  if (op === 'lt') return one < other
  if (op === 'le') return one <= other
  return op === 'gt' ? one > other : one >= other
}

function contains(found: unknown, value: unknown): boolean {
  if (typeof value === 'object' && value !== null) {
    if (typeof found !== 'object' || found === null || Array.isArray(found)) return false
    const known = found as Record<string, unknown>
    return Object.entries(value).every(([key, each]) =>
      equals(Object.hasOwn(known, key) ? (known[key] ?? undefined) : undefined, each),
    )
  }
  if (Array.isArray(found)) return found.includes(value)
  return typeof found === 'string' && typeof value === 'string' && found.includes(value)
}

const lower = (text: string): string => text.replaceAll(/[A-Z]/g, (each) => each.toLowerCase())

function texts(op: Comparison['op'], found: unknown, value: unknown): boolean {
  if (typeof found !== 'string' || typeof value !== 'string') return false
  const isLoose = op.startsWith('i')
  const [text, needle] = isLoose ? [lower(found), lower(value)] : [found, value]
  if (op.endsWith('contains')) return text.includes(needle)
  if (op.endsWith('startswith')) return text.startsWith(needle)
  if (op.endsWith('endswith')) return text.endsWith(needle)
  return text === needle
}

const orders = ['eq', 'ne', 'lt', 'le', 'gt', 'ge'] as const
const looks = [
  'contains',
  'icontains',
  'startswith',
  'istartswith',
  'endswith',
  'iendswith',
  'iexact',
] as const

/** Comparisons of columns whose values are of one type. */
function typed(
  fields: readonly string[],
  values: fc.Arbitrary<unknown>,
  ops: readonly Comparison['op'][],
): fc.Arbitrary<Comparison> {
  return fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        field: fc.constantFrom(...fields),
        op: fc.constantFrom(...ops),
        value: values,
      }),
    },
    fc.record({
      field: fc.constantFrom(...fields),
      op: fc.constant('in' as const),
      value: fc.array(fc.oneof(values, fc.constant(null)), { maxLength: 3 }),
    }),
    fc.record({
      field: fc.constantFrom(...fields),
      op: fc.constant('isnull' as const),
      value: fc.boolean(),
    }),
  )
}

const numbers = fc.oneof(fc.integer({ min: -1, max: 40 }), fc.constantFrom(1_763_835_000_200, 2.5))
const ranges = fc.record({
  field: fc.constantFrom('id', 'priority', 'data.r'),
  op: fc.constant('range' as const),
  value: fc.tuple(numbers, numbers),
})
const words = fc.constantFrom(
  '',
  'a',
  'A-1',
  'a-1',
  '1',
  '-1',
  '-2',
  'a-1-2',
  '2-3',
  'b-',
  'w',
  'X',
  'one',
)
const texty = ['name', 'workflow', 'application', 'description', 'input_files', 'working_directory']
const paths = [
  'data.r',
  'data.0',
  'data.list',
  'data.list.0',
  'data.deep',
  'data.deep.e',
  'data',
  'data.none',
  'tags.exp',
  'tags.a.b',
  'tags',
]

const comparisons: fc.Arbitrary<Comparison> = fc.oneof(
  typed(
    ['id', 'attempts', 'return_code', 'priority', 'num_nodes', 'cpus', 'ended_at'],
    numbers,
    orders,
  ),
  typed(texty, words, [...orders, ...looks]),
  typed(['name'], words, [...orders, ...looks]),
  typed(['state'], fc.constantFrom('FAILED', 'JOB_FINISHED', 'PREPROCESSED', 'RUN', 'ED'), [
    'eq',
    'ne',
    ...looks,
  ]),
  typed(['post_error_handler'], fc.boolean(), ['eq', 'ne']),
  typed(
    paths,
    jsonValues.filter((each) => typeof each !== 'object' || each === null),
    orders,
  ),
  typed(paths, jsonValues, ['eq', 'ne']),
  typed(
    paths,
    jsonValues.filter((each) => each !== null && !Array.isArray(each)),
    ['contains'],
  ),
  typed(paths, fc.constantFrom('one', 'One', 'o', ''), looks),
  ranges,
)

/** Conditions, some in each other. */
export const wheres: fc.Arbitrary<Where> = fc.letrec<{ where: Where }>((tie) => ({
  where: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    comparisons,
    fc.record({ all: fc.array(tie('where'), { maxLength: 3 }) }),
    fc.record({ any: fc.array(tie('where'), { maxLength: 3 }) }),
    fc.record({ not: tie('where') }),
  ),
})).where
