// Tables: on a terminal they fit its width, in a pipe they are tab-separated and whole.
// Must never let a cell's control characters out, nor cut anything in a pipe.
import { escapeControls } from '../../../protocol/faults.ts'
import { type Colour, type Look, paint } from './look.ts'
import { shorten, widthOf } from './width.ts'

/** One column of a table. */
export interface Column<Item> {
  readonly header: string
  cell(item: Item): string
  /** 1 is always shown; of the others the largest is left out first where space is short. */
  readonly importance: number
  readonly isRight?: boolean
  colour?(item: Item): Colour | undefined
}

const gap = '  '
/** A cut column keeps at least this many columns, as long as others can be left out instead. */
const keptWidth = 12

/** The table's lines, the header first; a line break after each. */
export function renderTable<Item>(
  items: readonly Item[],
  columns: readonly Column<Item>[],
  look: Look,
): string {
  const cells = items.map((item) => columns.map((column) => escapeControls(column.cell(item))))
  const headers = columns.map((column) => column.header)
  if (!look.isTty) return [headers, ...cells].map((row) => `${row.join('\t')}\n`).join('')

  const natural = columns.map((column, index) =>
    Math.max(widthOf(column.header), ...cells.map((row) => widthOf(row[index] ?? ''))),
  )
  const widths = fitWidths(
    natural,
    columns.map((column) => column.importance),
    look.columns,
  )
  const ellipsis = look.isUnicode ? '…' : '~'
  const line = (
    row: readonly string[],
    colourOf: (index: number) => Colour | undefined,
  ): string => {
    const shown = columns.flatMap((column, index) => {
      const width = widths[index] ?? 0
      if (width === 0) return []
      const text = shorten(row[index] ?? '', width, ellipsis)
      const space = ' '.repeat(width - widthOf(text))
      const coloured = paint(text, colourOf(index), look)
      return [column.isRight === true ? space + coloured : coloured + space]
    })
    return `${shown.join(gap).trimEnd()}\n`
  }
  const head = line(headers, () => 'grey')
  const body = items.map((item, at) => line(cells[at] ?? [], (i) => columns[i]?.colour?.(item)))
  return head + body.join('')
}

/**
 * Widths that fit: first wide columns are cut down to keptWidth, then the least important ones
 * are left out (width 0), then the rest is cut as far as needed.
 */
export function fitWidths(
  natural: readonly number[],
  importance: readonly number[],
  total: number,
): number[] {
  const widths = [...natural]
  shrink(widths, total, keptWidth)
  while (used(widths) > total) {
    const least = leastImportant(widths, importance)
    if (least === undefined) break
    widths[least] = 0
  }
  // What was left out may have made room again.
  const kept = widths.map((width, index) => (width === 0 ? 0 : (natural[index] ?? 0)))
  shrink(kept, total, keptWidth)
  shrink(kept, total, 3)
  return kept
}

function used(widths: readonly number[]): number {
  const shown = widths.filter((width) => width > 0)
  return shown.reduce((sum, width) => sum + width, 0) + gap.length * Math.max(0, shown.length - 1)
}

/** Takes columns from the widest until it fits or all are at `least`. */
function shrink(widths: number[], total: number, least: number): void {
  for (let over = used(widths) - total; over > 0; over -= 1) {
    const widest = widths.indexOf(Math.max(...widths))
    if ((widths[widest] ?? 0) <= least) return
    widths[widest] = (widths[widest] ?? 0) - 1
  }
}

function leastImportant(
  widths: readonly number[],
  importance: readonly number[],
): number | undefined {
  let found: number | undefined
  for (const [index, width] of widths.entries()) {
    const rank = importance[index] ?? 1
    if (width > 0 && rank > 1 && rank > (found === undefined ? 1 : (importance[found] ?? 1))) {
      found = index
    }
  }
  return found
}
