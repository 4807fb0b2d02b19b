// Base environments as C strings, encoded once; a task's own variables are laid over them.
// Must never change a base while a task is being started.
import type { Libc } from './libc.ts'
import type { Block } from './memory.ts'
import { makeBlock, putPointer, putString } from './memory.ts'

/** One base environment. */
export interface BaseEnvironment {
  /** Keeps the strings alive. */
  readonly strings: Block
  /** Pairs of 32-bit words: the pointers, without the NULL at the end. */
  readonly pointers: Uint32Array
  /** Where a variable's pointer stands. */
  readonly indexes: ReadonlyMap<string, number>
  readonly path: string | undefined
}

/** Encodes a base environment. */
export function encodeEnvironment(
  libc: Libc,
  environment: Readonly<Record<string, string>>,
): BaseEnvironment {
  const entries = Object.entries(environment).filter(
    ([name, value]) => !name.includes('\0') && !value.includes('\0'),
  )
  const texts = entries.map(([name, value]) => `${name}=${value}`)
  const length = texts.reduce((sum, text) => sum + Buffer.byteLength(text) + 1, 0)
  const strings = makeBlock(libc, length)
  const pointers = makeBlock(libc, texts.length * 8)
  let offset = 0
  texts.forEach((text, index) => {
    putPointer(pointers, index * 8, strings.address + offset)
    offset = putString(strings, offset, text)
  })
  return {
    strings,
    pointers: pointers.words.subarray(0, texts.length * 2),
    indexes: new Map(entries.map(([name], index) => [name, index])),
    path: environment['PATH'],
  }
}
