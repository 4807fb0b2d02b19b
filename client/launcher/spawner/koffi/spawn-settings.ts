// What every spawn has in common: its own group, no blocked and no ignored signal, descriptors 0–2.
// Must never let another descriptor through to a task.
import { readdirSync } from 'node:fs'
import type { Libc } from './libc.ts'
import type { Block } from './memory.ts'
import { makeBlock, putPointer } from './memory.ts'

/** POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK. */
const spawnFlags = 2 | 4 | 8
/** glibc's attributes take 336 bytes, its file actions 80. */
const attributesBytes = 512
const actionsBytes = 256
const signalSetBytes = 128
/** Combinations of descriptors for which the actions are kept. */
const actionsKeptMax = 64

/** What posix_spawn reads. Blocks, not addresses: memory that nothing refers to is collected. */
export interface SpawnSettings {
  readonly attributes: Block
  /** Maps these descriptors to 0, 1 and 2. */
  actions(stdin: number, stdout: number, stderr: number): number
}

/** Prepares the settings. The signal sets are copied into the attributes. */
export function makeSpawnSettings(libc: Libc): SpawnSettings {
  const attributes = makeBlock(libc, attributesBytes)
  const signals = makeBlock(libc, signalSetBytes * 2)
  // First half: all signals, to be reset. (Reset one by one they would cost glibc twice the calls.)
  signals.bytes.fill(0xff, 0, signalSetBytes)
  libc.posix_spawnattr_init(attributes.address)
  libc.posix_spawnattr_setpgroup(attributes.address, 0)
  libc.posix_spawnattr_setsigdefault(attributes.address, signals.address)
  libc.posix_spawnattr_setsigmask(attributes.address, signals.address + signalSetBytes)
  libc.posix_spawnattr_setflags(attributes.address, spawnFlags)
  const kept = new Map<string, Block>()

  return {
    attributes,
    actions(stdin, stdout, stderr) {
      const key = `${stdin},${stdout},${stderr}`
      let block = kept.get(key)
      if (block === undefined) {
        if (kept.size >= actionsKeptMax) {
          for (const old of kept.values()) libc.posix_spawn_file_actions_destroy(old.address)
          kept.clear()
        }
        block = makeBlock(libc, actionsBytes)
        libc.posix_spawn_file_actions_init(block.address)
        ;[stdin, stdout, stderr].forEach((from, to) => {
          libc.posix_spawn_file_actions_adddup2(block?.address ?? 0, from, to)
        })
        kept.set(key, block)
      }
      return block.address
    },
  }
}

/** Descriptors that the launcher's environment left open must not reach tasks. */
export function closeAllOnExec(libc: Libc): void {
  const setDescriptorFlags = 2
  const closeOnExec = 1
  for (const name of readdirSync('/proc/self/fd')) {
    libc.fcntl(Number(name), setDescriptorFlags, closeOnExec)
  }
}

/** Node raises its soft limit of open files to the hard one; tasks get back what their user had. */
export function limitOpenFiles(libc: Libc, soft: number): void {
  const openFiles = 7
  const limit = makeBlock(libc, 16)
  if (libc.getrlimit(openFiles, limit.address) < 0) return
  putPointer(limit, 0, soft)
  libc.setrlimit(openFiles, limit.address)
}
