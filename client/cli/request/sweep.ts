// Parameter sweeps: every combination of some values, as GNU parallel's `:::` and `--sweep`.
// Combinations come one by one: a sweep of 10^6 is never in memory.
import { fault } from '../../../protocol/faults.ts'
import type { JobInput } from '../../../protocol/job.ts'

/** A parameter and its values. */
export interface Parameter {
  readonly name: string
  readonly values: readonly string[]
}

/** Longest list of values of one parameter: `1-1000000` is an array's business. */
const valuesMax = 1_000_000

/** `alpha=0.1,0.2` or `seed=1-100` or `seed=1-100:5`. Throws BAD_FIELD. */
export function parseSweep(text: string): Parameter {
  const at = text.indexOf('=')
  const name = text.slice(0, at)
  if (at < 1 || !/^[A-Za-z_]\w*$/.test(name)) {
    throw fault('BAD_FIELD', { field: '--sweep', what: `${text} is not NAME=VALUES` })
  }
  const values = text
    .slice(at + 1)
    .split(',')
    .flatMap((word) => rangeOf(word) ?? [word])
  if (values.some((value) => value === '')) {
    throw fault('BAD_FIELD', { field: '--sweep', what: `${text} has an empty value` })
  }
  return { name, values }
}

function rangeOf(word: string): string[] | null {
  const found = /^(-?\d+)-(-?\d+)(?::(\d+))?$/.exec(word)
  if (found === null) return null
  const [first, last, step] = [Number(found[1]), Number(found[2]), Number(found[3] ?? 1)]
  const count = step < 1 ? 0 : Math.floor((last - first) / step) + 1
  if (count < 1) {
    throw fault('BAD_FIELD', { field: '--sweep', what: `${word} ends before it begins` })
  }
  if (count > valuesMax) {
    throw fault('TOO_MANY', { what: 'values of one parameter', count, max: valuesMax })
  }
  return Array.from({ length: count }, (_, index) => String(first + index * step))
}

/** Words before the first `:::`, and the parameters 1, 2, … that follow, as in GNU parallel. */
export function splitTriple(words: readonly string[]): {
  readonly command: readonly string[]
  readonly parameters: readonly Parameter[]
} {
  const first = words.indexOf(':::')
  if (first === -1) return { command: words, parameters: [] }
  const parameters: Parameter[] = []
  let values: string[] = []
  for (const word of [...words.slice(first + 1), ':::']) {
    if (word !== ':::') {
      values.push(word)
      continue
    }
    const name = String(parameters.length + 1)
    if (values.length === 0) {
      throw fault('BAD_FIELD', { field: ':::', what: `no value for {${name}}` })
    }
    parameters.push({ name, values })
    values = []
  }
  return { command: words.slice(0, first), parameters }
}

/** Every combination; the last parameter changes fastest. */
export function* combinations(
  parameters: readonly Parameter[],
): Generator<Readonly<Record<string, string>>, void, undefined> {
  const [first, ...rest] = parameters
  if (first === undefined) {
    yield {}
    return
  }
  for (const value of first.values) {
    for (const others of combinations(rest)) yield { [first.name]: value, ...others }
  }
}

/**
 * The job of one combination: `{name}` is replaced in command, args, variables, name and output,
 * `{}` is the first parameter of `:::`; the values are kept in `data`.
 */
export function jobOfSweep(
  job: JobInput,
  values: Readonly<Record<string, string>>,
  number: number,
): JobInput {
  const fill = (word: string): string =>
    word.replaceAll(/\{(\w*)\}/g, (found, key: string) => values[key === '' ? '1' : key] ?? found)
  const name = fill(job.name)
  const { output } = job
  return {
    ...job,
    name: name === job.name ? `${name}-${number}` : name,
    ...(job.args === undefined ? {} : { args: fill(job.args) }),
    ...(job.command == null ? {} : { command: job.command.map(fill) }),
    ...(output?.to === 'file' ? { output: { to: 'file', file: fill(output.file) } } : {}),
    environment: Object.fromEntries(
      Object.entries(job.environment ?? {}).map(([key, value]) => [key, fill(value)]),
    ),
    data: { ...job.data, ...values },
  }
}
