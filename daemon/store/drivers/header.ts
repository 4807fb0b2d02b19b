// The first bytes of a database file, read before SQLite opens it: a foreign file stays untouched.
// Must never be called while this process has the file open: closing it would drop SQLite's locks.
import { closeSync, openSync, readSync } from 'node:fs'
import { fault } from '../../../protocol/faults.ts'
import { applicationId } from '../migrate.ts'

const headerBytes = 100
const magic = 'SQLite format 3\0'

function firstBytes(file: string): Buffer {
  let handle: number
  try {
    handle = openSync(file, 'r')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return Buffer.alloc(0)
    throw fault('DATABASE_INVALID', { path: file, what: String(error) })
  }
  try {
    const bytes = Buffer.alloc(headerBytes)
    return bytes.subarray(0, readSync(handle, bytes, 0, headerBytes, 0))
  } catch (error) {
    throw fault('DATABASE_INVALID', { path: file, what: String(error) })
  } finally {
    closeSync(handle)
  }
}

/** DATABASE_INVALID for a file that is neither absent, empty nor a database of this program. */
export function checkHeader(file: string): void {
  const bytes = firstBytes(file)
  if (bytes.length === 0) return
  if (bytes.length < headerBytes || bytes.toString('latin1', 0, 16) !== magic) {
    throw fault('DATABASE_INVALID', { path: file, what: 'it is not an SQLite file' })
  }
  // Offsets of SQLite's file format: 28 size in pages, 68 application id.
  if (bytes.readUInt32BE(68) !== applicationId && bytes.readUInt32BE(28) > 1) {
    throw fault('DATABASE_INVALID', { path: file, what: 'it is an SQLite file of another program' })
  }
}
