// Tables: whole and tab-separated in a pipe, fitted on a terminal, never driving it.
import { expect, test } from 'vitest'
import type { Look } from '../../../../client/cli/show/look.ts'
import { type Column, fitWidths, renderTable } from '../../../../client/cli/show/table.ts'
import { shorten, widthOf } from '../../../../client/cli/show/width.ts'

interface Row {
  readonly id: number
  readonly name: string
  readonly note: string
}

const columns: readonly Column<Row>[] = [
  { header: 'id', importance: 1, isRight: true, cell: (row) => String(row.id) },
  { header: 'name', importance: 1, cell: (row) => row.name, colour: () => 'green' },
  { header: 'note', importance: 2, cell: (row) => row.note },
]
const rows: readonly Row[] = [
  { id: 7, name: 'relax', note: 'short' },
  { id: 1234, name: 'a-very-long-name-indeed-of-a-job', note: 'x'.repeat(40) },
]
const plain: Look = { isTty: false, columns: 20, isColoured: false, isUnicode: true }
const tty: Look = { ...plain, isTty: true, columns: 60 }

test('in a pipe every cell is whole, separated by tabs, below a header', () => {
  expect(renderTable(rows, columns, plain)).toBe(
    `id\tname\tnote\n7\trelax\tshort\n1234\t${rows[1]?.name}\t${rows[1]?.note}\n`,
  )
})

test('on a terminal no line is wider than it', () => {
  for (const width of [20, 30, 40, 60, 80, 200]) {
    const lines = renderTable(rows, columns, { ...tty, columns: width }).split('\n')
    expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(width)
  }
})

test('on a narrow terminal the least important column goes first', () => {
  const text = renderTable(rows, columns, { ...tty, columns: 24 })
  expect(text).toContain('name')
  expect(text).not.toContain('note')
})

test('a wide terminal gets everything, aligned', () => {
  const lines = renderTable(rows, columns, { ...tty, columns: 200 }).split('\n')
  expect(lines[1]?.startsWith('   7  relax  ')).toBe(true)
  expect(lines[2]?.startsWith('1234  a-very')).toBe(true)
})

test('a name can neither start a new line nor drive the terminal', () => {
  const evil = [{ id: 1, name: 'a\u001b[2J\n\tb', note: '\u009b31m' }]
  const text = renderTable(evil, columns, plain)
  expect(text.split('\n')).toHaveLength(3)
  expect(text).toContain('a\\x1b[2J\\x0a\\x09b')
  expect(text).toContain('\\x9b31m')
})

test('colour is painted only where it is shown, and does not count as width', () => {
  const coloured = renderTable(rows, columns, { ...tty, columns: 200, isColoured: true })
  expect(coloured).toContain('\u001b[32mrelax\u001b[0m')
  expect(renderTable(rows, columns, { ...tty, columns: 200 })).not.toContain('\u001b')
})

test('a cut cell keeps its beginning and its end', () => {
  expect(shorten('abcdefghij', 7, '…')).toBe('abc…hij')
  expect(shorten('abcdefghij', 10, '…')).toBe('abcdefghij')
  expect(shorten('abcdefghij', 1, '…')).toBe('a')
})

test('wide characters count two columns, combining ones none', () => {
  expect(widthOf('日本')).toBe(4)
  expect(widthOf('e\u0301')).toBe(1)
  expect(widthOf(shorten('日本語日本語', 7, '…'))).toBeLessThanOrEqual(7)
})

test('columns that fit once another is gone get their width back', () => {
  expect(fitWidths([4, 20, 40], [1, 1, 2], 30)).toEqual([4, 20, 0])
})
