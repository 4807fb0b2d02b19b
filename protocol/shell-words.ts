// Splits a command line into words by POSIX quoting, and quotes words back.
// Must never expand variables, globs or substitutions: a task is started without a shell.
import { fault } from './faults.ts'

/** A word of a line: its value, and where it stands in the line. */
interface PlacedWord {
  readonly value: string
  readonly start: number
  readonly end: number
}

const blanks = ' \t\r\n'
/** What a backslash escapes within double quotes (POSIX 2.2.3); before others it stays. */
const escapedInDouble = '$`"\\\n'

/**
 * The words of `text`: blanks separate, '…' is literal, "…" knows \$ \` \" \\ and \newline, a
 * backslash elsewhere makes the next character literal. `field` names the text in errors.
 * Throws BAD_QUOTING for an open quote or a last backslash, NUL_IN_ARGS for a NUL character.
 */
export function splitWords(text: string, field: string): string[] {
  return place(text, field).map((word) => word.value)
}

/** Like splitWords, but first replaces `~` or `~/…` at the unquoted start of a word by `home`. */
export function splitCommand(text: string, field: string, home: string): string[] {
  return splitWords(expandHome(text, field, home), field)
}

/** `text` with each unquoted leading `~` or `~/` of a word replaced by `home`, else unchanged. */
export function expandHome(text: string, field: string, home: string): string {
  let result = ''
  let from = 0
  for (const word of place(text, field)) {
    const raw = text.slice(word.start, word.end)
    if (raw !== '~' && !raw.startsWith('~/')) continue
    result += text.slice(from, word.start) + quoteWord(home)
    from = word.start + 1
  }
  return result + text.slice(from)
}

/** The word as a POSIX shell would have to be given it; plain words stay as they are. */
export function quoteWord(word: string): string {
  if (/^[A-Za-z0-9_@%+=:,./{}-]+$/.test(word)) return word
  return `'${word.replaceAll("'", "'\\''")}'`
}

/** Words joined to one line that splitWords splits into the same words. */
export function quoteWords(words: readonly string[]): string {
  return words.map(quoteWord).join(' ')
}

/** The line without its first word (and the blanks around), as typed. */
export function afterFirstWord(text: string, field: string): string {
  const first = place(text, field)[0]
  return first === undefined ? '' : text.slice(first.end).trim()
}

function place(text: string, field: string): PlacedWord[] {
  if (text.includes('\0')) throw fault('NUL_IN_ARGS', { field })
  const words: PlacedWord[] = []
  let at = 0
  while (at < text.length) {
    if (blanks.includes(text.charAt(at))) at += 1
    else {
      const word = readWord(text, at, field)
      words.push(word)
      at = word.end
    }
  }
  // A line of nothing but a backslash and a newline is a continuation, not an empty word.
  return words.filter((word) => word.value !== '' || /['"]/.test(text.slice(word.start, word.end)))
}

function readWord(text: string, start: number, field: string): PlacedWord {
  let value = ''
  let at = start
  while (at < text.length && !blanks.includes(text.charAt(at))) {
    const char = text.charAt(at)
    if (char === "'") {
      const close = text.indexOf("'", at + 1)
      if (close < 0) throw fault('BAD_QUOTING', { field, what: `the ' at ${at + 1} is not closed` })
      value += text.slice(at + 1, close)
      at = close + 1
    } else if (char === '"') {
      const quoted = readDouble(text, at, field)
      value += quoted.value
      at = quoted.end
    } else if (char === '\\') {
      if (at + 1 >= text.length)
        throw fault('BAD_QUOTING', { field, what: 'it ends in a backslash' })
      const next = text.charAt(at + 1)
      if (next !== '\n') value += next
      at += 2
    } else {
      value += char
      at += 1
    }
  }
  return { value, start, end: at }
}

function readDouble(text: string, start: number, field: string): { value: string; end: number } {
  let value = ''
  for (let at = start + 1; at < text.length; at += 1) {
    const char = text.charAt(at)
    if (char === '"') return { value, end: at + 1 }
    const next = text.charAt(at + 1)
    if (char === '\\' && next !== '' && escapedInDouble.includes(next)) {
      if (next !== '\n') value += next
      at += 1
    } else value += char
  }
  throw fault('BAD_QUOTING', { field, what: `the " at ${start + 1} is not closed` })
}
