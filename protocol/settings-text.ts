// config.toml as text: on which line a setting stands, and changing that line alone.
// Must never touch another line: the file is the user's, comments and order included.

interface KeyLine {
  readonly name: string
  /** Index of the line, from 0. */
  readonly at: number
}

/** Line number (from 1) of a setting; undefined when the text doesn't show it plainly. */
export function lineOfSetting(text: string, name: string): number | undefined {
  const found = keyLines(text.split('\n')).find((key) => key.name === name)
  return found === undefined ? undefined : found.at + 1
}

/**
 * The text with the setting's value replaced (its comment stays), or the setting added to its
 * table, which is made at the end when there is none. `literal` is TOML for the value.
 */
export function withSetting(text: string, name: string, literal: string): string {
  const lines = text === '' ? [] : text.replace(/\n$/, '').split('\n')
  const keys = keyLines(lines)
  const key = keys.find((each) => each.name === name)
  if (key !== undefined) {
    lines[key.at] = withValue(lines[key.at] ?? '', literal)
    return `${lines.join('\n')}\n`
  }
  const dot = name.lastIndexOf('.')
  const table = name.slice(0, Math.max(0, dot))
  const line = `${name.slice(dot + 1)} = ${literal}`
  const header = table === '' ? -1 : lines.findIndex((each) => tableOf(each) === table)
  if (table !== '' && header < 0) {
    return `${[...lines, ...(lines.length > 0 ? [''] : []), `[${table}]`, line].join('\n')}\n`
  }
  // Behind the table's last key, or right below its header.
  const within = keys.filter((each) => each.at > header && each.at < nextHeader(lines, header))
  lines.splice((within.at(-1)?.at ?? header) + 1, 0, line)
  return `${lines.join('\n')}\n`
}

function nextHeader(lines: readonly string[], from: number): number {
  const next = lines.findIndex((line, index) => index > from && tableOf(line) !== undefined)
  return next < 0 ? lines.length : next
}

function tableOf(line: string): string | undefined {
  return /^\s*\[\s*([\w.-]+)\s*\]\s*(#.*)?$/.exec(line)?.[1]
}

function keyLines(lines: readonly string[]): KeyLine[] {
  let table = ''
  return lines.flatMap((line, at) => {
    table = tableOf(line) ?? table
    const key = /^\s*"?([\w.-]+)"?\s*=/.exec(line)?.[1]
    return key === undefined ? [] : [{ name: table === '' ? key : `${table}.${key}`, at }]
  })
}

/** The line with another value; what follows the old value (a comment) stays. */
function withValue(line: string, literal: string): string {
  const found = /^(\s*"?[\w.-]+"?\s*=\s*)("(?:[^"\\]|\\.)*"|'[^']*'|[^#]*?)(\s*(?:#.*)?)$/.exec(
    line,
  )
  return found === null ? line : `${found[1] ?? ''}${literal}${found[3] ?? ''}`
}
