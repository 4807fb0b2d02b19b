// The words after `npm run bench --`.
// Must refuse what it does not know: a misspelt row would look like a row that was not measured.
import { parseArgs } from 'node:util'
import { plan } from './plan.ts'

/** How the bench was called. */
export interface Options {
  readonly isQuick: boolean
  /** Where the JSON goes as well, or null. */
  readonly json: string | null
  /** Which rows; all when none were named. */
  readonly wants: (id: string) => boolean
  readonly isHelp: boolean
}

export const help = `npm run bench -- [--quick] [--json FILE] [--rows A,B,…]

  --quick       about two minutes: fewer tasks, fewer repetitions
  --json FILE   write all rows and samples to FILE, too
  --rows A,B    only these rows; 'memory' means every row that begins with 'memory-' as well

Rows: ${plan.map(({ id }) => id).join(' ')}
`

/** Reads the arguments. Throws a message for the user. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
      rows: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  const named = values.rows?.split(',').filter((name) => name !== '') ?? []
  const isNamed = (id: string, name: string) => id === name || id.startsWith(`${name}-`)
  const unknown = named.filter((name) => !plan.some(({ id }) => isNamed(id, name)))
  if (unknown.length > 0) {
    throw new Error(`no such row: ${unknown.join(', ')} (see npm run bench -- --help)`)
  }
  return {
    isQuick: values.quick,
    json: values.json ?? null,
    wants: (id) => named.length === 0 || named.some((name) => isNamed(id, name)),
    isHelp: values.help,
  }
}
