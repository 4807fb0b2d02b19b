// Conditions at the border: what is let through, and how the rest is refused.
import { describe, expect, test } from 'vitest'
import { limits } from '../../../protocol/limits.ts'
import { readJobQuery } from '../../../protocol/validation/filter.ts'
import { checkJobRequest } from '../../../protocol/validation/job-request.ts'
import { checkJobQuery } from '../../../protocol/validation/query.ts'
import { checkKill } from '../../../protocol/validation/requests.ts'
import { readWhere } from '../../../protocol/validation/where.ts'

const where = { all: [{ field: 'data.r', op: 'gt', value: 1 }, { not: { any: [] } }] }

test('a filter without a condition names its jobs and nothing else', () => {
  expect(checkKill({ filter: { ids: [1] } }).filter).toEqual({ ids: [1] })
})

test('a condition comes through unchanged, and its operator may be left out for eq', () => {
  expect(readWhere(where)).toEqual(where)
  expect(readWhere({ field: 'name', value: 'a' })).toEqual({ field: 'name', op: 'eq', value: 'a' })
})

test('a condition is part of every filter in a body', () => {
  expect(checkKill({ filter: { where, tags: { exp: 'foo' } } })).toEqual({
    filter: { where, tags: { exp: 'foo' } },
  })
})

test.each([{}, { ids: [1] }, { tags: {} }])('a filter needs no condition: %j', (filter) => {
  expect(checkKill({ filter })).toEqual({ filter })
  expect(checkJobQuery({ filter })).toEqual({ filter })
})

test.each([
  [{ field: 'nme', op: 'eq', value: 1 }, 'did you mean name?'],
  [{ field: 'name', op: 'contain', value: 'a' }, 'did you mean contains?'],
  [{ field: 'name', op: 'eq' }, 'value is missing'],
  [{ field: 'name', op: 'in', value: 'a' }, 'in needs a list'],
  [{ field: 'id', op: 'range', value: [1] }, 'range needs [low, high]'],
  [{ field: 'name', op: 'isnull', value: 1 }, 'isnull needs true or false'],
  [{ field: 'name', op: 'icontains', value: 1 }, 'icontains needs a text'],
  [{ field: 'data', op: 'eq', value: 1, more: 2 }, 'a comparison has no "more"'],
  [{ field: 'data.a"b', op: 'eq', value: 1 }, 'jobs have no such field'],
  [{ all: [], any: [] }, 'there is no condition "all, any"'],
  [{ or: [] }, 'there is no condition "or"'],
  [{ all: {} }, 'all needs a list'],
  [[], 'must be {field, op, value}'],
])('%j is refused: %s', (value, said) => {
  expect(() => readWhere(value)).toThrow(said)
})

test('conditions are bounded in depth and in size', () => {
  let deep: object = { field: 'id', op: 'eq', value: 1 }
  for (let at = 0; at <= limits.queryDepthMax; at += 1) deep = { not: deep }
  expect(() => readWhere(deep)).toThrow('too large')
  const wide = Array.from({ length: limits.queryTermsMax }, () => ({ all: [] }))
  expect(() => readWhere({ any: wide })).toThrow('too large')
})

describe('the query of a GET', () => {
  test('takes tags and conditions, each as often as wanted', () => {
    const query = new URLSearchParams([
      ['tag', 'exp=foo'],
      ['tag', 'note=a=b'],
      ['where', JSON.stringify(where)],
      ['where', '{"field":"id","op":"lt","value":9}'],
    ])
    expect(readJobQuery(query).filter).toEqual({
      tags: { exp: 'foo', note: 'a=b' },
      where: { all: [where, { field: 'id', op: 'lt', value: 9 }] },
    })
  })

  test.each([
    ['tag=foo', 'foo is no NAME=VALUE'],
    ['tag==x', '=x is no NAME=VALUE'],
    ['where={', 'not JSON'],
    ['where=%5B%5D', 'must be {field, op, value}'],
  ])('%s is refused: %s', (text, said) => {
    expect(() => readJobQuery(new URLSearchParams(text))).toThrow(said)
  })
})

test.each([
  [{ fields: ['nodes'] }, 'did you mean node?'],
  [{ order: ['-nme'] }, 'did you mean name?'],
  [{ order: ['name'], after: 3 }, 'paged by offset'],
  [{ offset: 1, after: 3 }, 'either after or offset'],
  [{ limit: limits.pageJobsMax + 1 }, 'at most'],
  [{ limits: 1 }, 'there is no field "limits"'],
])('the query %j is refused: %s', (value, said) => {
  expect(() => checkJobQuery(value)).toThrow(said)
})

const manyTags = Object.fromEntries(Array.from({ length: 65 }, (_, at) => [`t${at}`, '']))
const muchData = { text: 'x'.repeat(limits.dataBytesMax) }

test.each([
  ['a tag with a blank', { tags: { 'a b': 'x' } }, 'a name of a tag has'],
  ['a tag that is no text', { tags: { a: 1 } }, 'tags.a'],
  ['many tags', { tags: manyTags }, 'more than 64 tags'],
  ['data that is a list', { data: [] }, 'data'],
  ['much data', { data: muchData }, 'bytes of data'],
])('a job with %s is refused', (_name, parts, said) => {
  expect(() => checkJobRequest({ name: 'a', command: ['true'], ...parts })).toThrow(said)
})

test('a filter without a condition is one', () => {
  expect(checkKill({ filter: { ids: [1] } })).toEqual({ filter: { ids: [1] } })
})
