// What a submission answers: the new ids, for scripts in a pipe and for people on a terminal.
import type { SubmissionReceipt } from '../../../protocol/job.ts'
import type { Context, Parsed } from '../verb.ts'

/** Ids of a receipt: `17`, or `17-26`, several separated by commas. */
export function idsText(receipt: SubmissionReceipt): string {
  const ranges = receipt.ranges.map(([first, last]) =>
    first === last ? `${first}` : `${first}-${last}`,
  )
  return ranges.join(',')
}

/** Prints it: a document, a sentence on a terminal, the bare ids in a pipe. */
export function printReceipt(
  context: Context,
  parsed: Parsed,
  receipt: SubmissionReceipt,
  what: string,
): void {
  if (parsed.options['json'] === true) context.print(`${JSON.stringify(receipt)}\n`)
  else if (!context.look.isTty) context.print(`${idsText(receipt)}\n`)
  else {
    const jobs = receipt.total === 1 ? 'job' : `${receipt.total} jobs`
    context.print(`${jobs} ${idsText(receipt)} added: ${what}\n`)
  }
}
