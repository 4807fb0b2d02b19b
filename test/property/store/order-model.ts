// Orders made by chance, and what they mean, over plain objects in memory.
import * as fc from 'fast-check'
import { jobStates } from '../../../protocol/states.ts'
import type { ModelJob } from './model.ts'
import { valueAt } from './where-model.ts'

const columns = [
  'id',
  'name',
  'workflow',
  'state',
  'attempts',
  'priority',
  'cpus',
  'description',
  'ended_at',
  'data.r',
  'tags.exp',
  'working_directory',
]

/** Orders of up to three columns. */
export const orders: fc.Arbitrary<string[]> = fc.array(
  fc.tuple(fc.constantFrom('', '-'), fc.constantFrom(...columns)).map((each) => each.join('')),
  { maxLength: 3 },
)

/** The jobs in this order; equal ones in order of id. */
export function inOrder(jobs: readonly ModelJob[], order: readonly string[]): ModelJob[] {
  return jobs.toSorted((one, other) => {
    for (const word of order) {
      const field = word.replace('-', '')
      const way = compare(keyOf(field, one), keyOf(field, other))
      if (way !== 0) return word.startsWith('-') ? -way : way
    }
    return one.id - other.id
  })
}

/** What is not there comes first, then numbers (and false, true), then texts. */
function compare(one: unknown, other: unknown): number {
  const rank = (value: unknown): number =>
    value === undefined ? 0 : typeof value === 'number' ? 1 : 2
  if (rank(one) !== rank(other)) return rank(one) - rank(other)
  if (typeof one === 'number') return one - Number(other)
  return String(one) < String(other) ? -1 : String(one) > String(other) ? 1 : 0
}

function keyOf(field: string, one: ModelJob): unknown {
  const value = valueAt(field, one)
  if (field === 'state') return jobStates.indexOf(one.state)
  if (typeof value === 'boolean') return Number(value)
  return typeof value === 'object' ? JSON.stringify(value) : value
}
