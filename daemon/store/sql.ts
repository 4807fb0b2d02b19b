// SQL with its values apart: a template that nests, and values as SQL literals.
// Must never put a value into SQL text other than through `literal`.
import type { SqlRow, SqlStatement, SqlValue } from '../../protocol/ports.ts'

/** A piece of SQL and the values of its question marks. */
export interface Sql extends SqlStatement {
  readonly params: readonly SqlValue[]
}

/** A template: `${value}` becomes a parameter, `${sql}` is nested. */
export function sql(texts: TemplateStringsArray, ...parts: readonly (Sql | SqlValue)[]): Sql {
  let text = texts[0] ?? ''
  const params: SqlValue[] = []
  for (const [index, part] of parts.entries()) {
    if (part !== null && typeof part === 'object' && 'sql' in part) {
      text += part.sql
      params.push(...part.params)
    } else {
      text += '?'
      params.push(part)
    }
    text += texts[index + 1] ?? ''
  }
  return { sql: text, params }
}

/** Pieces side by side, with a word like ' AND ' between them. */
export function joined(pieces: readonly Sql[], between: string): Sql {
  return {
    sql: pieces.map((each) => each.sql).join(between),
    params: pieces.flatMap((each) => each.params),
  }
}

/** A value as it is written in SQL text. SQLite knows one escape in strings: the doubled quote. */
export function literal(value: SqlValue): string {
  if (value === null) return 'NULL'
  if (typeof value === 'number') return numberLiteral(value)
  if (typeof value !== 'string') return `X'${Buffer.from(value).toString('hex')}'`
  // SQL text ends at a NUL, so such a string travels as bytes.
  if (value.includes('\0')) return `CAST(X'${Buffer.from(value).toString('hex')}' AS TEXT)`
  return value.includes("'") ? `'${value.replaceAll("'", "''")}'` : `'${value}'`
}

function numberLiteral(value: number): string {
  if (!Number.isFinite(value)) throw new RangeError(`${value} cannot be stored`)
  if (Object.is(value, -0)) return '0'
  // Beyond 2^53 an integer could not be read back; as a real it can.
  const isLarge = Number.isInteger(value) && !Number.isSafeInteger(value)
  return isLarge ? value.toExponential() : String(value)
}

/** A statement with its values written into its text. */
export function rendered(statement: SqlStatement): string {
  const params = statement.params ?? []
  let used = 0
  const text = statement.sql.replaceAll('?', () => {
    const value = params[used]
    if (value === undefined) throw new RangeError(`a value is missing for: ${statement.sql}`)
    used += 1
    return literal(value)
  })
  if (used !== params.length) throw new RangeError(`too many values for: ${statement.sql}`)
  if (statement.rows === undefined) return text
  return `${text} ${statement.rows.map((row) => `(${row.map(literal).join()})`).join()}`
}

/** The column as a number. Throws when it holds anything else: the schema is STRICT. */
export function numberOf(row: SqlRow, column: string): number {
  const value = row[column]
  if (typeof value !== 'number') throw new TypeError(`${column} is no number`)
  return value
}

/** The column as a number or null. */
export function numberOrNull(row: SqlRow, column: string): number | null {
  return row[column] === null ? null : numberOf(row, column)
}

/** The column as a string. */
export function textOf(row: SqlRow, column: string): string {
  const value = row[column]
  if (typeof value !== 'string') throw new TypeError(`${column} is no text`)
  return value
}

/** The column as a string or null. */
export function textOrNull(row: SqlRow, column: string): string | null {
  return row[column] === null ? null : textOf(row, column)
}
