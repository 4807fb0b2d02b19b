// Repeats a measurement with its yardstick before and after each time, so that a machine that
// gets slower or faster meanwhile changes both sides alike.
import type { Sample } from '../row.ts'

/**
 * `repeats` samples; beside each stands the mean of the yardstick just before and just after it.
 * A `yardstick` of undefined (no C compiler) gives samples with nothing beside them.
 */
export async function alternate(
  repeats: number,
  yardstick: (() => Promise<number>) | undefined,
  measure: (repeat: number) => Promise<number>,
): Promise<Sample[]> {
  const samples: Sample[] = []
  let before = await yardstick?.()
  for (let repeat = 0; repeat < repeats; repeat++) {
    const value = await measure(repeat)
    const after = await yardstick?.()
    const beside = before === undefined || after === undefined ? null : (before + after) / 2
    samples.push({ value, beside })
    before = after
  }
  return samples
}
