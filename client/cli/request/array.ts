// `--array FIRST-LAST`: the indices of an array of jobs.
import { fault } from '../../../protocol/faults.ts'

/** First and last index, inclusive. A single number is an array of one. Throws BAD_FIELD. */
export function parseArray(text: string): { readonly first: number; readonly last: number } {
  const field = '--array'
  if (/[,:]/.test(text)) {
    throw fault('UNSUPPORTED', {
      what: `--array ${text} (only FIRST-LAST, without steps and lists)`,
    })
  }
  const found = /^(\d[\d_]*)(?:-(\d[\d_]*))?$/.exec(text)
  if (found === null) throw fault('BAD_FIELD', { field, what: `${text} is not FIRST-LAST` })
  const first = numberOf(found[1])
  const last = numberOf(found[2] ?? found[1])
  if (!Number.isSafeInteger(first) || !Number.isSafeInteger(last) || last < first) {
    throw fault('BAD_FIELD', { field, what: `${text} ends before it begins` })
  }
  return { first, last }
}

/** Digits may be grouped: 1_000_000. */
function numberOf(digits: string | undefined): number {
  return Number((digits ?? '').replaceAll('_', ''))
}
