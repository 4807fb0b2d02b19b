// Splitting agrees with a real POSIX shell on every line that needs no expansion.
import { spawnSync } from 'node:child_process'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Fault } from '../../../protocol/faults.ts'
import { quoteWords, splitWords } from '../../../protocol/shell-words.ts'

/** Characters that quoting is about; none that a shell would expand or take for an operator. */
const pieces = fc.constantFrom(
  'a',
  'b',
  '-',
  '=',
  'ä',
  ' ',
  '  ',
  '\t',
  '\n',
  "'",
  '"',
  '\\',
  '\\\n',
  "''",
  '""',
  "'x y'",
)
const lines = fc.array(pieces, { maxLength: 14 }).map((parts) => parts.join(''))

function splitOrRefuse(line: string): string[] | 'refused' {
  try {
    return splitWords(line, 'args')
  } catch (error) {
    if (error instanceof Fault && error.code === 'BAD_QUOTING') return 'refused'
    throw error
  }
}

/** What sh makes of many lines at once; each is evaluated alone, since one may be an error. */
function shellSplit(all: readonly string[]): (string[] | 'refused')[] {
  // A bare line break ends a command for sh; within our lines it only separates words.
  const script = all
    .map((line) => {
      const words = quoteWords([`set -- ${unbroken(line)}`])
      const print = `for w do printf '%s\\0' "$w"; done`
      return `(eval ${words} && ${print}) 2>/dev/null || printf 'refused\\0'; printf '\\1'`
    })
    .join('\n')
  const { stdout } = spawnSync('sh', { input: script, encoding: 'utf8' })
  return stdout
    .split('\u0001')
    .slice(0, all.length)
    .map((part) => {
      const words = part.split('\0').slice(0, -1)
      return words.at(-1) === 'refused' ? 'refused' : words
    })
}

/** The line with unquoted line breaks as blanks, which is what they mean to us. */
function unbroken(line: string): string {
  let quote = ''
  let result = ''
  for (let at = 0; at < line.length; at += 1) {
    const char = line.charAt(at)
    if (char === '\\' && quote !== "'") {
      result += char + line.charAt(at + 1)
      at += 1
      continue
    }
    if (char === quote) quote = ''
    else if (quote === '' && (char === "'" || char === '"')) quote = char
    result += char === '\n' && quote === '' ? ' ' : char
  }
  return result
}

test('a line splits into the words that sh makes of it', () => {
  // A last backslash is literal to sh and an error to us: a user hardly meant it.
  const kept = fc.sample(lines, { numRuns: 3_000, seed: 7 }).filter((line) => !line.endsWith('\\'))
  const shell = shellSplit(kept)
  expect(kept.length).toBeGreaterThan(1_000)
  const differing = kept.filter((line, index) => {
    return JSON.stringify(splitOrRefuse(line)) !== JSON.stringify(shell[index])
  })
  expect(differing.slice(0, 3).map((line) => [line, splitOrRefuse(line)])).toEqual([])
})

test('any words at all come back from their quoted line', () => {
  const words = fc.array(fc.string({ unit: 'binary' }).map((word) => word.replaceAll('\0', '')))
  fc.assert(
    fc.property(words, (given) => {
      expect(splitWords(quoteWords(given), 'args')).toEqual(given)
    }),
    { numRuns: 400 },
  )
})
