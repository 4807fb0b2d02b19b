// How many columns a text takes on a terminal, and cutting it to fit.
// Must only be given text without control characters (escapeControls).

/** Blocks of East Asian wide and fullwidth characters and emoji: two columns each. */
const wideBlocks = [
  '\\u1100-\\u115f\\u2e80-\\u303e\\u3041-\\u33ff\\u3400-\\u4dbf\\u4e00-\\u9fff\\ua000-\\ua4cf',
  '\\uac00-\\ud7a3\\uf900-\\ufaff\\ufe30-\\ufe6f\\uff00-\\uff60\\uffe0-\\uffe6',
  '\\u{1f300}-\\u{1faff}\\u{20000}-\\u{3fffd}',
]
const wide = new RegExp(`[${wideBlocks.join('')}]`, 'u')
const combining = /\p{Mn}|\p{Me}|\p{Cf}/u
const plainAscii = /^[\u0000-\u007f]*$/

/** Columns that the text takes. */
export function widthOf(text: string): number {
  if (plainAscii.test(text)) return text.length
  let width = 0
  for (const char of text) width += widthOfChar(char)
  return width
}

/** The text, or its beginning and end around an ellipsis, in at most `width` columns. */
export function shorten(text: string, width: number, ellipsis: string): string {
  if (widthOf(text) <= width) return text
  if (width <= widthOf(ellipsis)) return takeStart(text, width)
  const room = width - widthOf(ellipsis)
  const start = takeStart(text, Math.ceil(room / 2))
  return start + ellipsis + takeEnd(text, room - widthOf(start))
}

function widthOfChar(char: string): number {
  if (combining.test(char)) return 0
  return wide.test(char) ? 2 : 1
}

function takeStart(text: string, width: number): string {
  let taken = ''
  let used = 0
  for (const char of text) {
    used += widthOfChar(char)
    if (used > width) break
    taken += char
  }
  return taken
}

function takeEnd(text: string, width: number): string {
  let taken = ''
  let used = 0
  for (const char of Array.from(text).reverse()) {
    used += widthOfChar(char)
    if (used > width) break
    taken = char + taken
  }
  return taken
}
