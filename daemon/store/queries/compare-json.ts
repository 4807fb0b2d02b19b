// Values of any type in the user's own JSON against a value: a number is never equal to a text.
// Must never take a word of JSON for SQL: paths and values are parameters.
import { joined, type Sql, sql } from '../sql.ts'
import type { Column } from './columns.ts'
import { type Compared, isSign, listOf, no, ofText, refused, signed } from './compare-text.ts'

/** A value of any type at a path, or a whole object. */
export function ofJson(where: Compared, column: Column, text: Sql): Sql {
  const { op, value } = where
  if (op === 'in') {
    const parts = listOf(value).map((each) =>
      ofJson({ ...where, op: 'eq', value: each }, column, text),
    )
    return parts.length === 0 ? no : sql`(${joined(parts, ' OR ')})`
  }
  if (value === null || value === undefined) return op === 'eq' ? sql`((${text}) IS NULL)` : no
  const type = typeAt(column.paths)
  if (typeof value === 'object') return ofObject(where, column)
  if (typeof value === 'boolean') {
    if (op === 'contains') return jsonContains(column, type, text, value)
    if (!isSign(op)) return no
    return sql`(coalesce(${type} IN ('true', 'false'), 0) AND ${signed(text, op, value ? 1 : 0)})`
  }
  if (typeof value === 'number') {
    if (op === 'contains') return jsonContains(column, type, text, value)
    if (!isSign(op)) return no
    return sql`(coalesce(${type} IN ('integer', 'real'), 0) AND ${signed(text, op, value)})`
  }
  if (typeof value !== 'string') return no
  if (op === 'contains') return jsonContains(column, type, text, value)
  return sql`(coalesce(${type} = 'text', 0) AND ${ofText(where, text)})`
}

function typeAt(paths: readonly string[]): Sql {
  const ways = paths.map((path) => sql`json_type(b.body, ${path})`)
  const [first] = ways
  if (first === undefined) return sql`NULL`
  return ways.length === 1 ? first : sql`coalesce(${joined(ways, ', ')})`
}

/** Equality of lists and objects is that of their JSON text; `contains` is of each key. */
function ofObject({ field, op, value }: Compared, column: Column): Sql {
  const ways = (path: string): Sql => sql`b.body -> ${path}`
  if (op === 'eq') {
    const parts = column.paths.map(
      (path) => sql`coalesce(${ways(path)} = ${JSON.stringify(value)}, 0)`,
    )
    return sql`(${joined(parts, ' OR ')})`
  }
  if (op !== 'contains' || value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw refused(field, `can't be compared by ${op} with a list or an object`)
  }
  const parts = Object.entries(value).map(([key, each]) => {
    if (/["\\]/.test(key)) throw refused(field, `${JSON.stringify(key)} can't be looked for`)
    const paths = column.paths.map((path) => `${path}."${key}"`)
    const found = paths.map((path) => sql`b.body ->> ${path}`)
    const text = found.length === 1 ? (found[0] ?? no) : sql`coalesce(${joined(found, ', ')})`
    return ofJson({ field, op: 'eq', value: each }, { ...column, paths }, text)
  })
  return parts.length === 0
    ? sql`coalesce(${typeAt(column.paths)} = 'object', 0)`
    : sql`(${joined(parts, ' AND ')})`
}

/** A text within a text, or a value among those of a list. */
function jsonContains(column: Column, type: Sql, text: Sql, value: string | number | boolean): Sql {
  const types =
    typeof value === 'string'
      ? sql`e.type = 'text'`
      : typeof value === 'number'
        ? sql`e.type IN ('integer', 'real')`
        : sql`e.type IN ('true', 'false')`
  const plain = typeof value === 'boolean' ? (value ? 1 : 0) : value
  const lists = column.paths.map(
    (path) => sql`(coalesce(json_type(b.body, ${path}) = 'array', 0) AND EXISTS
      (SELECT 1 FROM json_each(b.body, ${path}) e WHERE ${types} AND e.value = ${plain}))`,
  )
  const among = joined(lists, ' OR ')
  if (typeof value !== 'string') return sql`(${among})`
  const isText = sql`coalesce(${type} = 'text', 0)`
  return sql`((${isText} AND coalesce(instr(${text}, ${value}) > 0, 0)) OR ${among})`
}
