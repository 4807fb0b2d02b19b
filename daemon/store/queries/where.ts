// A condition as SQL that is 0 or 1, never NULL: for one job, or for all elements of an array at
// once. Must never be asked about an array's elements one by one where the array itself tells.
import type { Comparison, Where } from '../../../protocol/query.ts'
import { joined, type Sql, sql } from '../sql.ts'
import { type Column, columnOf, type Source } from './columns.ts'
import { compared } from './compare.ts'
import { asciiLower, type Compared, endsWith, lengthOf, listOf, no } from './compare-text.ts'

/** What a condition is asked about. */
export type Question =
  /** Does this one job match? */
  | { readonly of: 'job' }
  /** Elements lo..hi of an array: do all of them certainly match, or may some? */
  | { readonly of: 'all' | 'some'; readonly lo: Sql; readonly hi: Sql }

/** Where a condition is asked. */
export interface Asked {
  readonly source: Source
  readonly question: Question
  /** Absolute path of the site, for working directories. */
  readonly siteDirectory: string
}

const yes = sql`${1}`

/** The condition as SQL. BAD_FIELD for a value that its column can't be compared with. */
export function conditionOf(where: Where, asked: Asked): Sql {
  if ('field' in where) return comparisonOf(where, asked)
  if ('not' in where) return sql`(NOT ${conditionOf(where.not, opposite(asked))})`
  const parts = 'all' in where ? where.all : where.any
  if (parts.length === 0) return 'all' in where ? yes : no
  const compiled = parts.map((part) => conditionOf(part, asked))
  return sql`(${joined(compiled, 'all' in where ? ' AND ' : ' OR ')})`
}

/** All elements fail to match when none may, and the other way round. */
function opposite(asked: Asked): Asked {
  const { question } = asked
  if (question.of === 'job') return asked
  return { ...asked, question: { ...question, of: question.of === 'all' ? 'some' : 'all' } }
}

function comparisonOf(where: Comparison, asked: Asked): Sql {
  const { field, op, value } = where
  if (op === 'ne') return sql`(NOT ${comparisonOf({ ...where, op: 'eq' }, opposite(asked))})`
  if (op === 'range') {
    const [low, high] = listOf(value)
    const least = comparisonOf({ field, op: 'ge', value: low }, asked)
    return sql`(${least} AND ${comparisonOf({ field, op: 'le', value: high }, asked)})`
  }
  const column = columnOf(field, asked.siteDirectory)
  const { question, source } = asked
  if (question.of !== 'job' && column.isOfElement) {
    return ofElements({ ...where, op }, column, question, asked)
  }
  return compared({ ...where, op }, column, source)
}

/** What an array tells of all its elements lo..hi at once. */
function ofElements(
  where: Compared,
  column: Column,
  question: Question & { readonly of: 'all' | 'some' },
  asked: Asked,
): Sql {
  // Refuses what can't be compared, whatever the answer.
  compared(where, column, asked.source)
  const { field, op, value } = where
  if (op === 'isnull') return value === true ? no : yes
  if (field === 'id' && typeof value === 'number') return ofIds(op, value, question)
  if (field === 'name' && typeof value === 'string') return ofNames(op, value, question)
  return question.of === 'all' ? no : yes
}

function ofIds(op: Compared['op'], value: number, { of, lo, hi }: Elements): Sql {
  const isAll = of === 'all'
  if (op === 'lt') return sql`(${isAll ? hi : lo} < ${value})`
  if (op === 'le') return sql`(${isAll ? hi : lo} <= ${value})`
  if (op === 'gt') return sql`(${isAll ? lo : hi} > ${value})`
  if (op === 'ge') return sql`(${isAll ? lo : hi} >= ${value})`
  if (op !== 'eq') return isAll ? no : yes
  return isAll
    ? sql`(${lo} = ${value} AND ${hi} = ${value})`
    : sql`(${value} BETWEEN ${lo} AND ${hi})`
}

type Elements = Question & { readonly of: 'all' | 'some' }

/** Elements' names are the array's, a hyphen, and digits. */
function ofNames(op: Compared['op'], value: string, { of }: Elements): Sql {
  const ignoresCase = op.startsWith('i')
  const shared = ignoresCase ? sql`lower(s.array_name || '-')` : sql`(s.array_name || '-')`
  const needle = ignoresCase ? asciiLower(value) : value
  const plainOp = ignoresCase ? op.slice(1) : op
  if (plainOp === 'contains') {
    const within = sql`(instr(${shared}, ${needle}) > 0)`
    const head = needle.replace(/\d+$/, '')
    if (of === 'all' || head === needle) return within
    // Else it lies over the end: what is before its digits must be the end of what is shared.
    return head === '' ? yes : sql`(${within} OR ${endsWith(shared, head)})`
  }
  if (plainOp === 'startswith' || plainOp === 'eq' || plainOp === 'exact') {
    const begins = sql`(substr(${shared}, 1, ${lengthOf(needle)}) = ${needle})`
    const goesOn = sql`(substr(${needle}, 1, length(${shared})) = ${shared})`
    if (plainOp === 'startswith') return of === 'all' ? begins : sql`(${begins} OR ${goesOn})`
    return of === 'all' ? no : goesOn
  }
  return of === 'all' ? no : yes
}

/** True when elements of one array may differ in whether they match. */
export function isOfElements(where: Where): boolean {
  return someField(where, (field) => columnOf(field, '').isOfElement)
}

/** True when the specs' bodies must be read. */
export function needsBodies(where: Where): boolean {
  return someField(where, (field) => columnOf(field, '').needsBody)
}

function someField(where: Where, test: (field: string) => boolean): boolean {
  if ('field' in where) return test(where.field)
  if ('not' in where) return someField(where.not, test)
  return ('all' in where ? where.all : where.any).some((part) => someField(part, test))
}
