// Conditions as people type them, and names with stars.
import { expect, test } from 'vitest'
import { parseCondition, patternCondition } from '../../../../client/cli/request/condition.ts'

test.each([
  ['data.energy<-3.5', { field: 'data.energy', op: 'lt', value: -3.5 }],
  ['tags.exp=first try', { field: 'tags.exp', op: 'eq', value: 'first try' }],
  ['attempts >= 2', { field: 'attempts', op: 'ge', value: 2 }],
  ['name~^run-\\d+$', { field: 'name', op: 'regex', value: '^run-\\d+$' }],
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
  ['a*b.c', 'regex', '^a.*b\\.c$'],
])('the name %s is a pattern', (pattern, op, value) => {
  expect(patternCondition('name', pattern)).toEqual({ field: 'name', op, value })
})
