// Lines out of a stream of bytes.
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { makeLineSplitter } from '../../../../../client/launcher/spawner/lines.ts'
import { limits } from '../../../../../protocol/limits.ts'

test('lines come out whole, however the bytes are cut, even within a character', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\n', ''))),
      fc.infiniteStream(fc.integer({ min: 1, max: 7 })),
      (lines, sizes) => {
        const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''))
        const splitter = makeLineSplitter()
        const buffer = Buffer.alloc(8)
        const out: string[] = []
        for (let at = 0; at < bytes.length; ) {
          const size = Math.min(Number(sizes.next().value), bytes.length - at)
          // The same buffer each time, as a reader uses it.
          bytes.copy(buffer, 0, at, at + size)
          out.push(...splitter.push(buffer.subarray(0, size)))
          at += size
        }
        expect(out).toEqual(lines.map((line) => Buffer.from(line).toString()))
      },
    ),
  )
})

test('a line without end is refused at the limit', () => {
  const splitter = makeLineSplitter()
  const chunk = Buffer.alloc(16 * 1024 * 1024, 'x')
  const push = (): string[] => splitter.push(chunk)
  for (let bytes = 0; bytes < limits.spawnerLineBytesMax; bytes += chunk.length) push()
  expect(push).toThrow('too long')
})
