// The codec gives back what was put in, and meets bytes from hostile or broken peers with a fault.
import * as fc from 'fast-check'
import { Packr } from 'msgpackr'
import { describe, expect, test } from 'vitest'
import { decodeDaemonFrame, decodeLauncherFrame, encodeFrame } from '../../../protocol/codec.ts'
import { Fault } from '../../../protocol/faults.ts'
import { daemonFrames, daemonShape, launcherFrames, launcherShape } from './frame-samples.ts'

/** The decoded frame, or null for the one fault that is allowed. Anything else escapes. */
function decodeOrRefuse<Frame>(decode: (bytes: Uint8Array) => Frame, bytes: Uint8Array) {
  try {
    return decode(bytes)
  } catch (error) {
    if (error instanceof Fault && error.code === 'FRAME_INVALID') return null
    throw error
  }
}

/** Changes to bytes: a byte set, a piece cut out, a piece put in; a few of them at once. */
const mutations = fc.array(
  fc.record({
    how: fc.constantFrom('set', 'cut', 'insert'),
    where: fc.nat({ max: 4096 }),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 5 }),
  }),
  { minLength: 1, maxLength: 4 },
)

function mutate(
  frame: Uint8Array,
  changes: typeof mutations extends fc.Arbitrary<infer T> ? T : never,
) {
  let bytes = Buffer.from(frame)
  for (const { how, where, bytes: piece } of changes) {
    const at = bytes.length === 0 ? 0 : where % bytes.length
    const skip = how === 'insert' ? 0 : piece.length
    const put = how === 'cut' ? Buffer.alloc(0) : piece
    bytes = Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + skip)])
  }
  return bytes
}

describe('frames', () => {
  test('a launcher frame comes back as it was sent', () => {
    fc.assert(
      fc.property(launcherFrames, (frame) => {
        expect(decodeLauncherFrame(encodeFrame(frame))).toEqual(frame)
      }),
      { numRuns: 2000 },
    )
  })

  test('a daemon frame comes back as it was sent', () => {
    fc.assert(
      fc.property(daemonFrames, (frame) => {
        expect(decodeDaemonFrame(encodeFrame(frame))).toEqual(frame)
      }),
      { numRuns: 2000 },
    )
  })

  test('a frame of one direction is refused in the other', () => {
    fc.assert(
      fc.property(daemonFrames, launcherFrames, (daemons, launchers) => {
        expect(decodeOrRefuse(decodeLauncherFrame, encodeFrame(daemons))).toBeNull()
        expect(decodeOrRefuse(decodeDaemonFrame, encodeFrame(launchers))).toBeNull()
      }),
      { numRuns: 2000 },
    )
  })

  test('a damaged launcher frame is a frame of the allowed shape or a fault', () => {
    let refused = 0
    fc.assert(
      fc.property(launcherFrames, mutations, (frame, changes) => {
        const found = decodeOrRefuse(decodeLauncherFrame, mutate(encodeFrame(frame), changes))
        if (found === null) refused++
        else launcherShape.parse(found)
      }),
      { numRuns: 50_000 },
    )
    expect(refused).toBeGreaterThan(10_000)
  })

  test('a damaged daemon frame is a frame of the allowed shape or a fault', () => {
    let refused = 0
    fc.assert(
      fc.property(daemonFrames, mutations, (frame, changes) => {
        const found = decodeOrRefuse(decodeDaemonFrame, mutate(encodeFrame(frame), changes))
        if (found === null) refused++
        else daemonShape.parse(found)
      }),
      { numRuns: 50_000 },
    )
    expect(refused).toBeGreaterThan(10_000)
  })

  test('bytes of chance are refused or a frame of the allowed shape', () => {
    let looked = 0
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        looked++
        const found = decodeOrRefuse(decodeDaemonFrame, bytes)
        if (found !== null) daemonShape.parse(found)
      }),
      { numRuns: 20_000 },
    )
    expect(looked).toBe(20_000)
  })
})

const plainTemplate = {
  templateId: 1,
  name: 'a',
  argv: ['true'],
  environment: {},
  envscript: '',
  cpus: 1,
  arrayOffset: null,
  workdirRoot: null,
  cwd: '/',
  output: null,
}

describe('what msgpack could carry and a frame may not', () => {
  const plain = new Packr({ useRecords: false, moreTypes: true })
  const cases: readonly (readonly [string, unknown])[] = [
    ['a date', [13, new Date(0)]],
    ['a regular expression', [13, /a/]],
    ['binary data', [13, new Uint8Array(3)]],
    ['undefined', [13, undefined]],
    ['a set', [10, new Set([1])]],
    ['a fraction as a token', [10, [1.5]]],
    ['an infinite number', [11, 1, 1, Number.POSITIVE_INFINITY, 1]],
    ['a number that is none', [10, [Number.NaN]]],
    ['a negative token', [10, [-1]]],
    ['an integer that is not exact', [10, [2 ** 53]]],
    ['lists in lists without end', [10, JSON.parse('[[[[[[[[[[1]]]]]]]]]]')]],
    ['half an exit', [6, 1, [1, 2, 3], []]],
    ['one part too many', [13, 'bye', 1]],
    ['a kind that does not exist', [99, 'bye']],
  ]
  for (const [what, value] of cases) {
    test(`${what} is refused`, () => {
      expect(decodeOrRefuse(decodeLauncherFrame, plain.pack(value))).toBeNull()
    })
  }

  test('a record, which a decoder would compile, is refused even when its content is fine', () => {
    const template = { ...plainTemplate, output: { file: '/x' } }
    const records = new Packr({ useRecords: true })
    const frame = [4, 1, [template], [], []]
    expect(decodeOrRefuse(decodeDaemonFrame, plain.pack(frame))).not.toBeNull()
    expect(decodeOrRefuse(decodeDaemonFrame, records.pack(frame))).toBeNull()
  })

  test('a list that claims four thousand million items is refused before memory is taken', () => {
    const bytes = Uint8Array.from([0x92, 0x0a, 0xdd, 0xff, 0xff, 0xff, 0xff, 0x01])
    expect(decodeOrRefuse(decodeLauncherFrame, bytes)).toBeNull()
  })

  test('two frames in one message are refused', () => {
    const frame = encodeFrame([13, 'bye'])
    expect(decodeOrRefuse(decodeLauncherFrame, Buffer.concat([frame, frame]))).toBeNull()
  })

  test('a name of a variable that no environment can hold is refused', () => {
    const template = { ...plainTemplate, environment: { 'A=B': 'c' } }
    expect(decodeOrRefuse(decodeDaemonFrame, plain.pack([4, 1, [template], [], []]))).toBeNull()
  })
})
