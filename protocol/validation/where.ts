// Conditions out of unknown JSON. An unknown field or operator is refused with the nearest known
// one, because a condition that silently means nothing could kill too much.
import { fault } from '../faults.ts'
import { limits } from '../limits.ts'
import {
  type Comparison,
  type QueryOperator,
  queryFields,
  queryOperators,
  type Where,
} from '../query.ts'
import { hint } from '../suggest.ts'

/** A condition: known fields and operators, bounded in depth and size. Throws BAD_FIELD. */
export function readWhere(value: unknown): Where {
  return readPart(value, 0, { left: limits.queryTermsMax })
}

function readPart(value: unknown, depth: number, budget: { left: number }): Where {
  budget.left -= 1
  if (depth > limits.queryDepthMax || budget.left < 0) throw refused('is too large')
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw refused('must be {field, op, value}, {all}, {any} or {not}')
  }
  // A border: each key is looked at before it is used.
  const part = value as Readonly<Record<string, unknown>>
  if ('field' in part) return readComparison(part)
  const [key, ...others] = Object.keys(part)
  if (others.length > 0 || (key !== 'all' && key !== 'any' && key !== 'not')) {
    throw refused(`there is no condition ${JSON.stringify(Object.keys(part).join(', '))}`)
  }
  if (key === 'not') return { not: readPart(part['not'], depth + 1, budget) }
  const parts = part[key]
  if (!Array.isArray(parts)) throw refused(`${key} needs a list of conditions`)
  const read = parts.map((each) => readPart(each, depth + 1, budget))
  return key === 'all' ? { all: read } : { any: read }
}

function readComparison(part: Readonly<Record<string, unknown>>): Comparison {
  const { field, op = 'eq', value, ...others } = part
  const [other] = Object.keys(others)
  if (other !== undefined) throw refused(`a comparison has no ${JSON.stringify(other)}`)
  if (typeof field !== 'string') throw refused('field must be a text')
  checkQueryField(field)
  if (typeof op !== 'string' || !isOperator(op)) {
    const word = String(op).slice(0, 40)
    throw fault('BAD_FIELD', {
      field,
      what: `there is no comparison ${word}${hint(word, queryOperators)}`,
    })
  }
  if (!('value' in part)) throw fault('BAD_FIELD', { field, what: 'value is missing' })
  checkValue(field, op, value)
  return { field, op, value }
}

function isOperator(word: string): word is QueryOperator {
  return queryOperators.some((known) => known === word)
}

const textOperators: readonly QueryOperator[] = [
  'icontains',
  'startswith',
  'istartswith',
  'endswith',
  'iendswith',
  'iexact',
  'regex',
]

function checkValue(field: string, op: QueryOperator, value: unknown): void {
  const bad = (what: string): Error => fault('BAD_FIELD', { field, what: `${op} needs ${what}` })
  if (op === 'in' && !Array.isArray(value)) throw bad('a list')
  if (op === 'in' && Array.isArray(value) && value.length > limits.filterIdsMax) {
    const { length } = value
    throw fault('TOO_MANY', { what: 'values of in', count: length, max: limits.filterIdsMax })
  }
  if (op === 'range' && (!Array.isArray(value) || value.length !== 2)) throw bad('[low, high]')
  if (op === 'isnull' && typeof value !== 'boolean') throw bad('true or false')
  if (textOperators.includes(op) && typeof value !== 'string') throw bad('a text')
}

const path = /^(?:tags\.[A-Za-z0-9_.-]+|data(?:\.[^."\\\p{Cc}]+)+)$/u

/** BAD_FIELD for a column that jobs don't have. */
export function checkQueryField(field: string): void {
  if (field.length <= limits.queryFieldLengthMax) {
    if (path.test(field) || queryFields.some((known) => known === field)) return
  }
  const word = field.slice(0, 40)
  throw fault('BAD_FIELD', {
    field: word,
    what: `jobs have no such field${hint(word, queryFields)}`,
  })
}

function refused(what: string): Error {
  return fault('BAD_FIELD', { field: 'where', what })
}
