// Lists as one document: the same envelope for everything (schema, items, total, truncated).
import type { Context, Parsed } from '../verb.ts'
import { type Column, renderTable } from './table.ts'

/** Prints a whole list as a document or a table. */
export function printList<Item>(
  context: Context,
  parsed: Parsed,
  schema: string,
  items: readonly Item[],
  columns: readonly Column<Item>[],
): void {
  if (parsed.options['json'] === true) {
    const document = { schema, items, total: items.length, truncated: false }
    context.print(`${JSON.stringify(document)}\n`)
  } else context.print(renderTable(items, columns, context.look))
}

/** A number with its thousands apart: 12,345. */
export function grouped(count: number): string {
  return String(count).replaceAll(/\B(?=(\d{3})+$)/g, ',')
}
