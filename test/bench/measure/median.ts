// Order statistics of a handful of samples.
// Must never be given an empty list: a median of nothing is a bug of the caller.
import assert from 'node:assert/strict'

/** The middle value; of an even number, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle]
  assert(upper !== undefined, 'a median needs at least one sample')
  if (sorted.length % 2 === 1) return upper
  const lower = sorted[middle - 1]
  assert(lower !== undefined)
  return (lower + upper) / 2
}
