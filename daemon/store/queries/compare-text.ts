// The operators as SQL over one value: order, lists, texts. Always 0 or 1, never NULL.
// Must never see a value whose type was not checked.
import { fault } from '../../../protocol/faults.ts'
import type { SqlValue } from '../../../protocol/ports.ts'
import type { Comparison, QueryOperator } from '../../../protocol/query.ts'
import { type Sql, sql } from '../sql.ts'

/** A comparison without the two operators that are made of others. */
export type Compared = Omit<Comparison, 'op'> & {
  readonly op: Exclude<QueryOperator, 'ne' | 'range'>
}

/** Never true. A parameter, since SQLite plans without indices for what it knows to be false. */
export const no = sql`${0}`

const signs = { eq: '=', lt: '<', le: '<=', gt: '>', ge: '>=' } as const

/** Is it one of = < <= > >=? */
export function isSign(op: string): op is keyof typeof signs {
  return Object.hasOwn(signs, op)
}

/** Comparison by order, or with a list; `read` checks each value. */
export function ofOrdered(where: Compared, text: Sql, read: (value: unknown) => SqlValue): Sql {
  const { field, op, value } = where
  if (isSign(op)) return signed(text, op, read(value))
  if (op === 'in') return listed(text, listOf(value).map(read))
  throw refused(field, `can't be compared by ${op}`)
}

/** One comparison by order. Nothing is ordered against null. */
export function signed(text: Sql, op: keyof typeof signs, value: SqlValue): Sql {
  if (value === null) return no
  const sign: Sql = { sql: signs[op], params: [] }
  return sql`coalesce((${text}) ${sign} ${value}, 0)`
}

/** NULL in a list stands for what is not there. */
export function listed(text: Sql, values: readonly SqlValue[]): Sql {
  const known = values.filter((each) => each !== null)
  const list = JSON.stringify(known)
  const found = sql`coalesce((${text}) IN (SELECT value FROM json_each(${list})), 0)`
  return known.length === values.length ? found : sql`(${found} OR (${text}) IS NULL)`
}

/** Any operator on a text. */
export function ofText(where: Compared, text: Sql): Sql {
  const { field, op, value } = where
  if (isSign(op) || op === 'in') return ofOrdered(where, text, (each) => textValue(field, each))
  const needle = textValue(field, value)
  return needle === null ? no : sql`coalesce(${matched(op, text, needle)}, 0)`
}

/** The value, when it is a text or null. BAD_FIELD for any other. */
export function textValue(field: string, value: unknown): string | null {
  if (value === null || typeof value === 'string') return value
  throw refused(field, 'is a text')
}

/** The operators that look into a text. */
function matched(op: Compared['op'], text: Sql, value: string): Sql {
  const ignoresCase = op.startsWith('i')
  const within = ignoresCase ? sql`lower(${text})` : sql`(${text})`
  const needle = ignoresCase ? asciiLower(value) : value
  switch (op) {
    case 'contains':
    case 'icontains':
      return sql`(instr(${within}, ${needle}) > 0)`
    case 'startswith':
    case 'istartswith':
      return sql`(substr(${within}, 1, ${lengthOf(needle)}) = ${needle})`
    case 'endswith':
    case 'iendswith':
      return needle === '' ? sql`(${text}) IS NOT NULL` : endsWith(within, needle)
    default:
      return sql`(${within} = ${needle})`
  }
}

/** Length as SQLite counts it: in code points. */
export function lengthOf(text: string): number {
  return Array.from(text).length
}

/** Does the text end with this? */
export function endsWith(text: Sql, end: string): Sql {
  return sql`(substr(${text}, ${-lengthOf(end)}) = ${end})`
}

/** SQLite's lower() knows the letters of ASCII; so does every operator that ignores case. */
export function asciiLower(text: string): string {
  return text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase())
}

/** A list, whatever is in it. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** BAD_FIELD: this column can't be asked that. */
export function refused(field: string, what: string): Error {
  return fault('BAD_FIELD', { field, what })
}
