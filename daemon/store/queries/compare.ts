// One column against one value, as SQL that is 0 or 1. Types are respected, and what is not there
// equals nothing but null.
import { fault } from '../../../protocol/faults.ts'
import type { SqlValue } from '../../../protocol/ports.ts'
import { jobStates, stateNumber } from '../../../protocol/states.ts'
import { type Sql, sql } from '../sql.ts'
import { type Column, edgesInto, type Source } from './columns.ts'
import { ofJson } from './compare-json.ts'
import {
  type Compared,
  isSign,
  listed,
  listOf,
  no,
  ofOrdered,
  ofText,
  refused,
  textValue,
} from './compare-text.ts'

/** The comparison of this column. BAD_FIELD for a value of the wrong type. */
export function compared(where: Compared, column: Column, source: Source): Sql {
  const { field, op, value } = where
  if (op === 'regex') throw fault('UNSUPPORTED', { what: `${field} by a regular expression` })
  const text = column.value(source)
  if (op === 'isnull') return sql`((${text}) IS ${value === true ? sql`` : sql`NOT`} NULL)`
  if (op === 'eq' && value === null) return sql`((${text}) IS NULL)`
  switch (column.kind) {
    case 'state':
      return ofState(where, source)
    case 'json':
      return ofJson(where, column, text)
    case 'parents':
      return ofParents(where, source)
    case 'text':
      return ofText(where, text)
    default:
      return ofOrdered(where, text, (each) => scalarOf(field, column.kind, each))
  }
}

function scalarOf(field: string, kind: Column['kind'], value: unknown): SqlValue {
  if (value === null) return null
  if (kind === 'boolean') {
    if (typeof value === 'boolean') return value ? 1 : 0
    throw refused(field, 'is true or false')
  }
  if (typeof value === 'number') return value
  if (kind === 'time' && typeof value === 'string') {
    const ms = Date.parse(value)
    if (!Number.isNaN(ms)) return ms
  }
  throw refused(field, kind === 'time' ? 'is a time like 2026-11-22T21:00:00Z' : 'is a number')
}

/** Only `contains` an id; whether there are any is `isnull`. */
function ofParents({ field, op, value }: Compared, { id }: Source): Sql {
  if (op !== 'contains' || typeof value !== 'number') throw refused(field, 'contains an id')
  return sql`EXISTS (SELECT 1 FROM ${edgesInto(id)}
    WHERE ${value} BETWEEN g.parent AND g.parent_last)`
}

/** Fourteen words: those that match are found here, and the row's number is looked for. */
function ofState({ field, op, value }: Compared, source: Source): Sql {
  if (isSign(op) && op !== 'eq') throw refused(field, 'has no order')
  const words = op === 'in' ? listOf(value) : [value]
  for (const word of words) if (word !== null) textValue(field, word)
  const numbers = jobStates.flatMap((state) => {
    const isMatch = words.some((word) => typeof word === 'string' && stateMatches(op, state, word))
    return isMatch ? [stateNumber(state) ?? -1] : []
  })
  return numbers.length === 0 ? no : listed(source.state, numbers)
}

function stateMatches(op: Compared['op'], state: string, word: string): boolean {
  const upper = op.startsWith('i') && op !== 'in' ? word.toUpperCase() : word
  if (op.endsWith('contains')) return state.includes(upper)
  if (op.endsWith('startswith')) return state.startsWith(upper)
  if (op.endsWith('endswith')) return state.endsWith(upper)
  return state === upper
}
