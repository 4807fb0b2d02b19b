// Sizes of memory as people write them: 64G, 1.5GiB, 900M, 4096 (MiB). Text only.
import { fault } from './faults.ts'

const mebibytesOf: Readonly<Record<string, number>> = { K: 1 / 1024, M: 1, G: 1024, T: 1024 ** 2 }

/** MiB of a size. A bare number counts MiB, as with Slurm's --mem. Throws BAD_FIELD. */
export function parseMemory(text: string, field: string): number {
  const found = /^(\d+(?:\.\d+)?)\s*(?:([KMGT])i?B?)?$/i.exec(text.trim())
  const unit = mebibytesOf[(found?.[2] ?? 'M').toUpperCase()]
  if (found === null || unit === undefined) {
    throw fault('BAD_FIELD', { field, what: `"${text}" is no size; write 64G, 900M or 4096` })
  }
  return Math.ceil(Number(found[1]) * unit)
}
