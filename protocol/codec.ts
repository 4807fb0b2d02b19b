// Frames to bytes and back: msgpackr without records, shared structures or extension types.
// Must never give out a frame that has not been checked.
import { Packr } from 'msgpackr'
import { fault } from './faults.ts'
import { checkDaemonFrame, checkLauncherFrame } from './frame-checks.ts'
import type { DaemonFrame, LauncherFrame } from './frames.ts'
import { limits } from './limits.ts'
import { shapeError } from './msgpack-shape.ts'

// Shared structures are a private agreement of one encoder and one decoder, which two processes
// that come and go can't keep; records are compiled by `new Function` in the decoder.
const packr = new Packr({
  useRecords: false,
  mapsAsObjects: true,
  variableMapSize: true,
  moreTypes: false,
  structuredClone: false,
  int64AsType: 'number',
})

/** Encodes a frame. The sender keeps it within limits.frameBytesMax: the receiver refuses more. */
export function encodeFrame(frame: LauncherFrame | DaemonFrame): Uint8Array {
  return packr.pack(frame)
}

/**
 * Decodes and checks what a launcher sent.
 * @throws Fault FRAME_INVALID when it is anything but a well-formed frame.
 */
export function decodeLauncherFrame(bytes: Uint8Array): LauncherFrame {
  return checkLauncherFrame(unpack(bytes))
}

/**
 * Decodes and checks what a daemon sent.
 * @throws Fault FRAME_INVALID when it is anything but a well-formed frame.
 */
export function decodeDaemonFrame(bytes: Uint8Array): DaemonFrame {
  return checkDaemonFrame(unpack(bytes))
}

function unpack(bytes: Uint8Array): unknown {
  if (bytes.length > limits.frameBytesMax) {
    throw fault('FRAME_INVALID', { what: `${bytes.length} bytes, at most ${limits.frameBytesMax}` })
  }
  const wrong = shapeError(bytes)
  if (wrong !== null) throw fault('FRAME_INVALID', { what: wrong })
  try {
    const value: unknown = packr.unpack(bytes)
    return value
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error)
    throw fault('FRAME_INVALID', { what: what.slice(0, 200) })
  }
}
