// Looks over msgpack bytes before they are decoded: is this one value made of plain things only?
// Must never allocate by what the bytes claim, nor throw: hostile bytes are an ordinary input.

/** Lists in lists: a frame needs five (frame, templates, template, argv, word). */
const depthMax = 8

/** Bytes that follow each single-byte head of fixed size; −1: not a fixed-size plain value. */
const fixedBytes: Int8Array = (() => {
  const table = new Int8Array(256).fill(-1)
  table.fill(0, 0x00, 0x80) // small integers
  table.fill(0, 0xe0, 0x100) // small negative integers
  for (const head of [0xc0, 0xc2, 0xc3]) table[head] = 0 // nil, false, true
  for (const [head, bytes] of [
    [0xca, 4],
    [0xcb, 8],
    [0xcc, 1],
    [0xcd, 2],
    [0xce, 4],
    [0xcf, 8],
    [0xd0, 1],
    [0xd1, 2],
    [0xd2, 4],
    [0xd3, 8],
  ] as const) {
    table[head] = bytes
  }
  return table
})()

/**
 * Says what is wrong with the bytes, or null when they are exactly one value of nil, booleans,
 * numbers, strings, lists and maps with string keys. Extension types, binaries and msgpackr's
 * records are refused: a decoder would make code, dates or shared structures of them.
 */
export function shapeError(bytes: Uint8Array): string | null {
  // Values still to come at each depth. Maps count keys and values; at an even rest a key is due.
  const rest = new Float64Array(depthMax + 1)
  const isMap = new Uint8Array(depthMax + 1)
  const end = bytes.length
  let depth = 0
  let at = 0
  rest[0] = 1
  for (;;) {
    while (depth >= 0 && rest[depth] === 0) depth--
    if (depth < 0) return at === end ? null : 'bytes after the frame'
    if (at >= end) return 'it ends too early'
    const left = rest[depth] ?? 0
    rest[depth] = left - 1
    const head = bytes[at++] ?? 0
    const fixed = fixedBytes[head] ?? -1
    const isKey = isMap[depth] === 1 && left % 2 === 0
    if (fixed >= 0) {
      if (isKey) return 'a key that is not a string'
      at += fixed
      if (at > end) return 'it ends too early'
      continue
    }
    const text = textBytes(bytes, at, head)
    if (text >= 0) {
      at += lengthBytes(head) + text
      if (at > end) return 'it ends too early'
      continue
    }
    if (isKey) return 'a key that is not a string'
    const items = listItems(bytes, at, head)
    if (items < 0) return `type 0x${head.toString(16)} is not allowed`
    at += lengthBytes(head)
    // Every item takes at least one byte, so a claim beyond the rest is a lie.
    if (items > end - at) return 'it ends too early'
    if (++depth > depthMax) return 'too many lists in lists'
    rest[depth] = items
    isMap[depth] = head === 0xde || head === 0xdf || head >>> 4 === 0x8 ? 1 : 0
  }
}

/** Length of the string that starts with this head, or −1. */
function textBytes(bytes: Uint8Array, at: number, head: number): number {
  if (head >>> 5 === 0b101) return head & 0x1f
  if (head === 0xd9) return bigEndian(bytes, at, 1)
  if (head === 0xda) return bigEndian(bytes, at, 2)
  if (head === 0xdb) return bigEndian(bytes, at, 4)
  return -1
}

/** Number of values in the list or map that starts with this head, or −1. */
function listItems(bytes: Uint8Array, at: number, head: number): number {
  if (head >>> 4 === 0x9) return head & 0x0f
  if (head >>> 4 === 0x8) return (head & 0x0f) * 2
  if (head === 0xdc) return bigEndian(bytes, at, 2)
  if (head === 0xdd) return bigEndian(bytes, at, 4)
  if (head === 0xde) return bigEndian(bytes, at, 2) * 2
  if (head === 0xdf) return bigEndian(bytes, at, 4) * 2
  return -1
}

/** Bytes of the length field behind this head. */
function lengthBytes(head: number): number {
  if (head === 0xd9) return 1
  if (head === 0xda || head === 0xdc || head === 0xde) return 2
  if (head === 0xdb || head === 0xdd || head === 0xdf) return 4
  return 0
}

/** Bytes beyond the end read as 0; the caller's bounds check then says 'too early'. */
function bigEndian(bytes: Uint8Array, at: number, count: number): number {
  let value = 0
  for (let i = 0; i < count; i++) value = value * 256 + (bytes[at + i] ?? 0)
  return value
}
