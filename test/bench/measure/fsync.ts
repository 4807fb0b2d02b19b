// How long this disk takes to make 4 KiB durable: the floor of every acknowledged commit.
// Must run on the file system of the sites, or it says nothing about them.
import { closeSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/** Appends and fsyncs `rounds` times; returns the ms of each. */
export function fsyncMs(directory: string, rounds: number): readonly number[] {
  const file = join(directory, 'fsync-probe')
  const descriptor = openSync(file, 'w')
  const block = Buffer.alloc(4_096, 1)
  try {
    return Array.from({ length: rounds }, () => {
      const startedAt = performance.now()
      writeSync(descriptor, block)
      fsyncSync(descriptor)
      return performance.now() - startedAt
    })
  } finally {
    closeSync(descriptor)
    rmSync(file)
  }
}
