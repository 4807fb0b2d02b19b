// Splitting of command lines: POSIX quoting, and nothing else of a shell.
import { expect, test } from 'vitest'
import { Fault } from '../../../protocol/faults.ts'
import {
  afterFirstWord,
  expandHome,
  quoteWords,
  splitCommand,
  splitWords,
} from '../../../protocol/shell-words.ts'

const split = (text: string): string[] => splitWords(text, 'args')
const codeOf = (call: () => unknown): string => {
  try {
    call()
  } catch (error) {
    if (error instanceof Fault) return error.code
  }
  return 'none'
}

test('blanks separate words, however many', () => {
  expect(split('  echo \t hello,\n world 1 ')).toEqual(['echo', 'hello,', 'world', '1'])
})

test('nothing gives no words', () => {
  expect(split('')).toEqual([])
  expect(split(' \t\n')).toEqual([])
})

test('single quotes keep everything', () => {
  expect(split(`a 'b "c" \\ $d' e`)).toEqual(['a', 'b "c" \\ $d', 'e'])
})

test('double quotes know the escapes of POSIX and keep other backslashes', () => {
  expect(split(`"a \\"b\\" \\$c \\\\ \\n"`)).toEqual(['a "b" $c \\ \\n'])
})

test('a backslash makes the next character literal', () => {
  expect(split('a\\ b \\"c\\" \\~')).toEqual(['a b', '"c"', '~'])
})

test('a backslash before a line break joins the lines', () => {
  expect(split('a \\\nb c\\\nd')).toEqual(['a', 'b', 'cd'])
})

test('quotes within a word join with what stands beside them', () => {
  expect(split(`--x='a b'"c"d`)).toEqual(['--x=a bcd'])
})

test('an empty word can be given in quotes', () => {
  expect(split(`a '' "" b`)).toEqual(['a', '', '', 'b'])
})

test('what a shell would expand stays as it is', () => {
  expect(split('$HOME *.txt `id` $(id) a|b >x # no')).toEqual([
    '$HOME',
    '*.txt',
    '`id`',
    '$(id)',
    'a|b',
    '>x',
    '#',
    'no',
  ])
})

test.each(["a 'b", 'a "b', 'a "b\\"', "it's"])('an open quote is an error: %s', (text) => {
  expect(codeOf(() => split(text))).toBe('BAD_QUOTING')
})

test('a backslash at the end is an error', () => {
  expect(codeOf(() => split('a \\'))).toBe('BAD_QUOTING')
})

test('a NUL character is an error of its own', () => {
  expect(codeOf(() => split('a\0b'))).toBe('NUL_IN_ARGS')
})

test('an error names the field that holds the text', () => {
  expect(() => split("'")).toThrow(/^args: /)
})

test('a tilde at the start of a word becomes the home directory', () => {
  expect(splitCommand('~/bin/x ~ --in ~/data', 'args', '/people/u')).toEqual([
    '/people/u/bin/x',
    '/people/u',
    '--in',
    '/people/u/data',
  ])
})

test('a tilde that is quoted, or not at the start, stays', () => {
  expect(splitCommand(`'~/a' "~/b" c~ ~root/x --d=~/e`, 'args', '/people/u')).toEqual([
    '~/a',
    '~/b',
    'c~',
    '~root/x',
    '--d=~/e',
  ])
})

test('expanding keeps the rest of the line as typed, and quotes an odd home', () => {
  expect(expandHome(`~/x   'a b'`, 'args', '/h')).toBe(`/h/x   'a b'`)
  expect(splitWords(expandHome('~/x', 'args', '/my home'), 'args')).toEqual(['/my home/x'])
})

test('quoted words split into the same words again', () => {
  const words = ['a', '', "it's", 'a b', '$x', '~', '"', '\\', 'ä\n']
  expect(split(quoteWords(words))).toEqual(words)
})

test('plain words need no quotes', () => {
  expect(quoteWords(['echo', '--n=1', 'a/b.py', '{i}'])).toBe('echo --n=1 a/b.py {i}')
})

test('the line behind its first word stays as typed', () => {
  expect(afterFirstWord(`'x y.py'  --a "b c" `, 'executable')).toBe('--a "b c"')
  expect(afterFirstWord('x.py', 'executable')).toBe('')
})
