// Memory that C reads and writes: a block at a fixed address, filled with strings and pointers.
// Must never be handed to C after the block has been replaced by a larger one.
import type { Libc } from './libc.ts'

/** Room for the words of a usual command. */
const bytesAtFirst = 64 * 1024
/** A block larger than this is given up after its task. */
const bytesKeptMax = 1024 * 1024
/** A UTF-16 unit takes at most three bytes in UTF-8. */
const bytesPerUnitMax = 3
const pointerBytes = 8

/** Memory that starts at `address`. Hold the block, not the address: it is freed with the block. */
export interface Block {
  readonly address: number
  readonly bytes: Buffer
  /** The same memory as 32-bit words. */
  readonly words: Uint32Array
}

/** A block of zeros of so many bytes. */
export function makeBlock(libc: Libc, length: number): Block {
  const memory = new ArrayBuffer(Math.ceil(length / pointerBytes) * pointerBytes)
  const bytes = Buffer.from(memory)
  return { address: libc.address(bytes), bytes, words: new Uint32Array(memory) }
}

/** Writes a pointer at a byte offset that is a multiple of 8. */
export function putPointer({ words }: Block, offset: number, pointer: number): void {
  words[offset >>> 2] = pointer >>> 0
  words[(offset >>> 2) + 1] = Math.floor(pointer / 2 ** 32)
}

/** Writes a C string and returns the offset behind it. */
export function putString({ bytes }: Block, offset: number, text: string): number {
  const end = offset + bytes.write(text, offset)
  bytes[end] = 0
  return end + 1
}

/** A block that is used again for every task. */
export interface Scratch {
  /** A block with room for so many pointers and strings of so many UTF-16 units with their ends. */
  take(pointers: number, units: number): Block
}

/** Scratch memory that grows when a task needs it. */
export function makeScratch(libc: Libc): Scratch {
  let block = makeBlock(libc, bytesAtFirst)
  return {
    take(pointers, units) {
      const needed = pointers * pointerBytes + units * bytesPerUnitMax
      if (needed > block.bytes.length) block = makeBlock(libc, needed)
      else if (block.bytes.length > bytesKeptMax) block = makeBlock(libc, bytesAtFirst)
      return block
    },
  }
}
