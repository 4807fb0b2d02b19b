// Conditions as people type them, and names with stars.
import { expect, test } from 'vitest'
import { parseCondition, patternCondition } from '../../../../client/cli/request/condition.ts'

test.each([
  ['data.energy<-3.5', { field: 'data.energy', op: 'lt', value: -3.5 }],
  ['tags.exp=first try', { field: 'tags.exp', op: 'eq', value: 'first try' }],
  ['attempts >= 2', { field: 'attempts', op: 'ge', value: 2 }],
  ['args~seed 3', { field: 'args', op: 'contains', value: 'seed 3' }],
  ['return_code==null', { field: 'return_code', op: 'isnull', value: true }],
  ['return_code!=null', { field: 'return_code', op: 'isnull', value: false }],
  ['data.ok=true', { field: 'data.ok', op: 'eq', value: true }],
])('the condition %s is understood', (text, condition) => {
  expect(parseCondition(text)).toEqual(condition)
})

test.each(['attempts', '=3', 'a b=3'])('%s is no condition', (text) => {
  expect(() => parseCondition(text)).toThrow('FIELD=VALUE')
})

test.each([
  ['run-*', 'startswith', 'run-'],
  ['*.dat', 'endswith', '.dat'],
  ['*md*', 'contains', 'md'],
])('the name %s is a pattern', (pattern, op, value) => {
  expect(patternCondition('name', pattern)).toEqual({ field: 'name', op, value })
})

test('a star in the middle asks for both ends, and further ones are refused', () => {
  expect(patternCondition('name', 'a*b.c')).toEqual({
    all: [
      { field: 'name', op: 'startswith', value: 'a' },
      { field: 'name', op: 'endswith', value: 'b.c' },
    ],
  })
  for (const pattern of ['a*b*c', '**', '*a*b']) {
    expect(() => patternCondition('name', pattern)).toThrow('stars where none can be')
  }
})
