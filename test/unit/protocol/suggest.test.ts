// "Did you mean".
import { expect, test } from 'vitest'
import { hint, nearest } from '../../../protocol/suggest.ts'

const known = ['submit', 'submit-launch', 'show', 'ls', 'launcher']

test.each([
  ['sumbit', 'submit'],
  ['shwo', 'show'],
  ['launche', 'launcher'],
  ['lsa', 'ls'],
  ['SHOW', 'show'],
])('%s means %s', (word, meant) => {
  expect(nearest(word, known)).toBe(meant)
})

test('a word unlike all others gets no suggestion', () => {
  expect(nearest('frobnicate', known)).toBeUndefined()
  expect(hint('frobnicate', known)).toBe('')
})
