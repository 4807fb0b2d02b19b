// Values in SQL text: a driver sends whole scripts, so a literal must be exactly its value.
import { DatabaseSync } from 'node:sqlite'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { transactionScript } from '../../../../daemon/store/drivers/transaction.ts'
import { joined, literal, rendered, sql } from '../../../../daemon/store/sql.ts'

const database = new DatabaseSync(':memory:')

function back(value: string | number | null | Uint8Array): unknown {
  return database.prepare(`SELECT ${literal(value)} AS value`).get()?.['value']
}

test('every text comes back as it was, quotes, NUL and newlines too', () => {
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({
      unit: fc.constantFrom("'", '"', '\\', ';', '-', '?', '\0', '\n', 'a', '$1', '$&', '/*'),
    }),
  )
  fc.assert(
    fc.property(texts, (text) => {
      expect(back(text)).toBe(text.toWellFormed())
    }),
  )
})

test('every finite number and every blob comes back as it was', () => {
  fc.assert(
    fc.property(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.maxSafeInteger(),
      (real, whole) => {
        expect(back(real)).toBe(real === 0 ? 0 : real)
        expect(back(whole)).toBe(whole)
      },
    ),
  )
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(back(bytes)).toEqual(bytes)
    }),
  )
  expect(back(null)).toBeNull()
})

test('what is no number is refused, not stored as something else', () => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY])
    expect(() => literal(value)).toThrow(RangeError)
})

test('a statement takes exactly as many values as it has question marks', () => {
  expect(() => rendered({ sql: 'SELECT ?, ?', params: [1] })).toThrow(RangeError)
  expect(() => rendered({ sql: 'SELECT ?', params: [1, 2] })).toThrow(RangeError)
  expect(rendered({ sql: 'SELECT ?, ?', params: ['?', "it's $1 $&"] })).toBe(
    "SELECT '?', 'it''s $1 $&'",
  )
})

test('templates nest and keep their values in order', () => {
  const condition = joined([sql`a = ${1}`, sql`b = ${'x'}`], ' AND ')
  expect(sql`SELECT ${0} WHERE ${condition} LIMIT ${9}`).toEqual({
    sql: 'SELECT ? WHERE a = ? AND b = ? LIMIT ?',
    params: [0, 1, 'x', 9],
  })
})

test('only what need not be durable goes without FULL, and only where order is kept', () => {
  const statements = [sql`DELETE FROM t`]
  const relaxed = transactionScript(statements, false, true)
  expect(relaxed.startsWith('PRAGMA synchronous=NORMAL;\nBEGIN')).toBe(true)
  expect(relaxed.endsWith('COMMIT;\nPRAGMA synchronous=FULL;')).toBe(true)
  expect(transactionScript(statements, true, true)).not.toContain('synchronous')
  expect(transactionScript(statements, false, false)).not.toContain('synchronous')
})
